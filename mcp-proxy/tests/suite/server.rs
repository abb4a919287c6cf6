//! The server: this very program, started once more, which writes down each byte that it reads.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use serde_json::{Value, json};

/// The variable that says where the server writes down what it reads.
pub(crate) const LOG: &str = "SCRIPTED_SERVER_LOG";

/// The command that starts it: a shell that keeps what the test harness prints away from what the server says.
pub(crate) fn command() -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let script = "exec 9>&1 >/dev/null; exec \"$0\" --exact server::this_is_the_server --nocapture";
    ["/bin/sh", "-c", script, program.to_str().unwrap()].map(str::to_owned).into()
}

/// No test: it does nothing unless it is started as the server.
#[test]
fn this_is_the_server() {
    let Ok(log) = std::env::var(LOG) else { return };
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    let out = OpenOptions::new().write(true).open("/dev/fd/9").unwrap();
    Serving { log, out, asked: None }.run();
    // Without a word of the harness.
    std::process::exit(0);
}

struct Serving {
    log: File,
    out: File,
    /// The id of a call that waits for the client's answer.
    asked: Option<Value>,
}

impl Serving {
    fn run(&mut self) {
        let mut input = BufReader::new(std::io::stdin());
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).unwrap() > 0 {
            self.log.write_all(&line).unwrap();
            // It understands what it can, as servers do, and takes the last of two members.
            if let Ok(message) = serde_json::from_slice::<Value>(&line) {
                self.serve(&message);
            }
            line.clear();
        }
    }

    fn serve(&mut self, message: &Value) {
        let id = message["id"].clone();
        if message.get("result").is_some() {
            if let Some(call) = self.asked.take() {
                self.answer(&call, &json!({"said": message["result"]}));
            }
            return;
        }
        let (method, params) = (message["method"].as_str().unwrap_or_default(), &message["params"]);
        let tool = if method == "tools/call" { params["name"].as_str().unwrap_or_default() } else { "" };
        match tool {
            "crash" => std::process::exit(3),
            "silent" => {}
            "stubborn" => std::thread::sleep(Duration::from_secs(3600)),
            "error" => self
                .say(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": -1, "message": "no such file"}})),
            "refuse" => {
                let error = json!({"code": -1, "message": params["arguments"]["message"]});
                self.say(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
            }
            "fails" => self.answer(&id, &json!({"isError": true, "content": []})),
            "twice" => {
                self.answer(&id, &json!(1));
                self.answer(&id, &json!(2));
            }
            "as-text" => self.answer(&json!(id.to_string()), &json!("text")),
            "batch" => {
                self.say(&json!([{"jsonrpc": "2.0", "id": id, "result": "in a batch"}, {"method": "x"}]))
            }
            "garbage" => {
                self.raw(b"Starting up...\n\xff\xfe\n[1,\n");
                self.answer(&id, &json!(1));
            }
            "doubled" => {
                let said = format!(r#"{{"jsonrpc":"2.0","id":9,"id":{id},"result":"one","result":"two"}}"#);
                self.raw(said.as_bytes());
                self.raw(b"\n");
            }
            "spaced" => self.raw(format!(" {{ \"id\" : {id} , \"result\":\t1.50 }}\r\n").as_bytes()),
            "long" => {
                let count = params["arguments"]["bytes"].as_u64().unwrap();
                self.answer(&id, &json!("x".repeat(usize::try_from(count).unwrap())));
            }
            "ask" => {
                self.asked = Some(id);
                let method = params["arguments"]["method"].clone();
                self.say(&json!({"jsonrpc": "2.0", "id": "q1", "method": method, "params": {"p": 1}}));
            }
            "unfinished" => {
                self.raw(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"the last line"}}"#).as_bytes());
                std::process::exit(0);
            }
            _ if id.is_null() => {}
            _ => self.answer(&id, &json!({"echo": params})),
        }
    }

    fn answer(&mut self, id: &Value, result: &Value) {
        self.say(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    fn say(&mut self, message: &Value) {
        self.raw(format!("{message}\n").as_bytes());
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.out.write_all(bytes).unwrap();
    }
}
