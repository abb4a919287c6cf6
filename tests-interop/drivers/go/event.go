package main

import (
	"encoding/json"
	"errors"

	"github.com/agent-receipts/agent-receipts/bindings/go/emitter"
)

type identity struct {
	IssuerName   string `json:"issuer_name"`
	IssuerModel  string `json:"issuer_model"`
	OperatorID   string `json:"operator_id"`
	OperatorName string `json:"operator_name"`
}

// event is an event as the tests give it: payloads are texts, nil where there is none.
type event struct {
	identity
	Channel        string
	ToolServer     string `json:"tool_server"`
	ToolName       string `json:"tool_name"`
	ActionType     string `json:"action_type"`
	Input          *string
	Output         *string
	Error          string
	Decision       string
	IdempotencyKey string `json:"idempotency_key"`
	CorrelationID  string `json:"correlation_id"`
	AgentID        string `json:"agent_id"`
	AgentType      string `json:"agent_type"`
	Model          string
	Usage          *string
	CaptureMethod  string `json:"capture_method"`
	TargetSystem   string `json:"target_system"`
	TargetResource string `json:"target_resource"`
}

func (e *event) toSend() emitter.Event {
	return emitter.Event{
		Channel:        e.Channel,
		Tool:           emitter.Tool{Server: e.ToolServer, Name: e.ToolName},
		ActionType:     e.ActionType,
		Input:          payload(e.Input),
		Output:         payload(e.Output),
		Error:          e.Error,
		Decision:       e.Decision,
		IssuerName:     e.IssuerName,
		IssuerModel:    e.IssuerModel,
		OperatorID:     e.OperatorID,
		OperatorName:   e.OperatorName,
		IdempotencyKey: e.IdempotencyKey,
		CorrelationID:  e.CorrelationID,
		AgentID:        e.AgentID,
		AgentType:      e.AgentType,
		Model:          e.Model,
		Usage:          payload(e.Usage),
		CaptureMethod:  e.CaptureMethod,
		Target:         emitter.Target{System: e.TargetSystem, Resource: e.TargetResource},
	}
}

func payload(text *string) json.RawMessage {
	if text == nil {
		return nil
	}
	return json.RawMessage(*text)
}

// failed is an error as the tests know it.
func failed(err error) answer {
	var refusal *emitter.RefusedError
	if errors.As(err, &refusal) {
		return answer{"refused": answer{"code": refusal.Code, "message": refusal.Message}}
	}
	kind := "other"
	switch {
	case errors.Is(err, emitter.ErrCaller):
		kind = "caller"
	case errors.Is(err, emitter.ErrTransport):
		kind = "transport"
	case errors.Is(err, emitter.ErrClosed):
		kind = "closed"
	}
	return answer{"error": kind, "message": err.Error()}
}
