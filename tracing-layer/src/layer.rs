//! The layer: which spans and events are calls, and when they are sent.

use std::sync::Arc;
use std::time::Instant;

use agent_receipts_ipc::Emitter;
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::call::{Call, Fields, MARK, Outcome};
use crate::recording::{Recording, Road};

/// A layer that records tool calls through `emitter`, and what to keep until the program ends.
///
/// A filter of the whole subscriber (`with_max_level`, an `EnvFilter` as a layer of its own) also decides what this layer
/// sees: to show less than is recorded, filter the layer that shows.
pub fn layer(emitter: Emitter) -> (ReceiptLayer, Recording) {
    let road = Road::new(emitter);
    let recording = road.recording();
    (ReceiptLayer { road }, recording)
}

/// Records spans and events that have a field `tool.name`; see [`layer`]. At most one for a subscriber.
#[derive(Debug)]
pub struct ReceiptLayer {
    road: Arc<Road>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for ReceiptLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !is_marked(attributes.metadata()) {
            return;
        }
        let mut call = Call::new(Instant::now());
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        call.add(fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(call);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| is_marked(span.metadata())) else { return };
        // Gathered before the span is locked: to show a value may be to log something in this very span.
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(call) = span.extensions_mut().get_mut::<Call>() {
            call.add(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if is_marked(event.metadata()) {
            let mut call = Call::new(Instant::now());
            let mut fields = Fields::default();
            event.record(&mut fields);
            call.add(fields);
            return self.road.send(call, None);
        }
        if !Outcome::may_be_said_by(event.metadata()) {
            return;
        }
        let own = |span: &Metadata<'_>| is_marked(span) && Outcome::is_said_by(event.metadata(), span);
        let Some(span) = context.event_span(event).filter(|span| own(span.metadata())) else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let (Some(outcome), Some(call)) = (fields.into_outcome(), span.extensions_mut().get_mut::<Call>())
        {
            call.conclude(outcome);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        with_call(id, &context, Call::entered);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        // A future that panics is dropped later, when nothing unwinds any more.
        if std::thread::panicking() {
            with_call(id, &context, Call::left);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let call = context.span(&id).and_then(|span| span.extensions_mut().remove::<Call>());
        if let Some(mut call) = call {
            call.left();
            let lasted = call.began.elapsed();
            self.road.send(call, Some(lasted));
        }
    }
}

fn with_call<S>(id: &Id, context: &Context<'_, S>, change: impl FnOnce(&mut Call))
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(span) = context.span(id).filter(|span| is_marked(span.metadata())) else { return };
    if let Some(call) = span.extensions_mut().get_mut::<Call>() {
        change(call);
    }
}

fn is_marked(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field(MARK).is_some()
}
