// Reads as servers in Go do: a stream of JSON values without regard to lines, into structures whose keys are found in any case, the
// last of two being the one that counts.
package main

import (
	"encoding/json"
	"os"
)

type call struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

func main() {
	log, err := os.OpenFile(os.Getenv("INTEROP_LOG"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		panic(err)
	}
	decoder := json.NewDecoder(os.Stdin)
	for {
		var raw json.RawMessage
		if decoder.Decode(&raw) != nil {
			return
		}
		var batch []json.RawMessage
		if json.Unmarshal(raw, &batch) != nil {
			batch = []json.RawMessage{raw}
		}
		for _, each := range batch {
			var one message
			if json.Unmarshal(each, &one) == nil && one.Method != "" {
				answer(log, one)
			}
		}
	}
}

func answer(log *os.File, one message) {
	var asked call
	if one.Method != "tools/call" || json.Unmarshal(one.Params, &asked) != nil {
		reply(one, map[string]any{})
		return
	}
	note := map[string]any{"name": asked.Name, "arguments": nil}
	if asked.Arguments != nil {
		note["arguments"] = string(asked.Arguments)
	}
	write(log, note)
	if asked.Name == "crash" {
		os.Exit(3)
	}
	if asked.Name != "hang" {
		text := map[string]any{"type": "text", "text": asked.Name + " größe \u2028"}
		reply(one, map[string]any{"content": []any{text}})
	}
	if asked.Name == "twice" {
		reply(one, map[string]any{"content": []any{}, "isError": true})
	}
}

func reply(one message, result map[string]any) {
	if one.ID != nil {
		write(os.Stdout, map[string]any{"jsonrpc": "2.0", "id": one.ID, "result": result})
	}
}

func write(file *os.File, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	if _, err := file.Write(append(text, '\n')); err != nil {
		os.Exit(1)
	}
}
