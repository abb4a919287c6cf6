use std::collections::HashMap;
use std::time::Duration;

use agent_receipts::Err as Code;
use agent_receipts_ipc::{Ack, BuildError, CallerError, EmitError, Emitter, socket_path_here};
use serde_json::{Value, json};

use super::event::{event, identity, text};
use super::many::{cost, threads};

/// The answer to one request; an error is an answer too.
pub(super) fn answer(request: &Value, emitters: &mut HashMap<String, Emitter>) -> Result<Value, Value> {
    let wish = text(request, "do");
    match wish {
        "new" => {
            let emitter = new(request)?;
            emitters.insert(text(request, "on").to_owned(), emitter);
            return Ok(json!({"ok": true}));
        }
        "default_socket_path" => {
            return socket_path_here()
                .map(|path| json!({"text": path}))
                .map_err(|error| failed("caller", &error));
        }
        "error_codes" => return Ok(json!({"codes": error_codes()})),
        _ => {}
    }
    let on = text(request, "on");
    let emitter = emitters.get(on).ok_or_else(|| json!({"fault": format!("there is no emitter `{on}`")}))?;
    match wish {
        "emit" => emit(emitter, request),
        "threads" => threads(emitter, request),
        "cost" => cost(emitter, request),
        "session_id" => Ok(json!({"text": emitter.session_id()})),
        "socket_path" => Ok(json!({"text": emitter.socket_path()})),
        "dropped" => Ok(json!({"number": emitter.dropped()})),
        "close" => {
            emitter.close();
            Ok(json!({"ok": true}))
        }
        other => Err(json!({"fault": format!("this driver does not know `{other}`")})),
    }
}

/// Every number that a call of the C library gives back, which is Rust.
fn error_codes() -> serde_json::Map<String, Value> {
    let named = |code: &Code| (code.name().to_string_lossy().into_owned(), json!(*code as i32));
    Code::ALL.iter().map(named).collect()
}

fn new(request: &Value) -> Result<Emitter, Value> {
    let mut builder = Emitter::builder();
    if let Some(path) = request["socket"].as_str() {
        builder = builder.socket_path(path);
    }
    if let Some(session) = request["session"].as_str() {
        builder = builder.session_id(session);
    }
    if let Some(best_effort) = request["best_effort"].as_bool() {
        builder = builder.best_effort(best_effort);
    }
    if let Some(identity) = identity(&request["identity"]) {
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| match error {
        BuildError::NoSocketPath(_) | BuildError::Identity(_) => failed("caller", &error),
        _ => failed("other", &error),
    })
}

fn emit(emitter: &Emitter, request: &Value) -> Result<Value, Value> {
    let identity = identity(&request["event"]);
    let event = event(&request["event"], identity.as_ref())?;
    let Some(patience) = request["acknowledged_ms"].as_u64() else {
        return emitter.emit(&event).map(|()| json!({"ok": true})).map_err(|error| refusal(&error));
    };
    match emitter.emit_acknowledged(&event, Duration::from_millis(patience)) {
        Ok(Ack::Accepted { receipt_id, chain_id, sequence, receipt_hash }) => Ok(json!({
            "ok": true, "receipt_id": receipt_id, "chain_id": chain_id, "sequence": sequence, "receipt_hash": receipt_hash
        })),
        Ok(Ack::Refused { code, message }) => Ok(json!({"refused": {"code": code, "message": message}})),
        Err(error) => Err(refusal(&error)),
    }
}

pub(super) fn refusal(error: &EmitError) -> Value {
    match error {
        EmitError::Caller(CallerError::Closed) => failed("closed", error),
        EmitError::Caller(_) => failed("caller", error),
        EmitError::Transport(_) => failed("transport", error),
        _ => failed("other", error),
    }
}

fn failed(class: &str, error: &dyn std::error::Error) -> Value {
    json!({"error": class, "message": error.to_string()})
}
