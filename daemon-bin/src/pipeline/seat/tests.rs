use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::*;
use crate::pipeline::queue::Bounds;
use crate::pipeline::writer::tests::{broken, event, recorded, silent, writer_over};

fn seat(errors: Vec<Option<agent_receipts_store::StoreError>>) -> Seat {
    let queue = Arc::new(Queue::new(Bounds { items: 100, bytes: 1 << 20 }));
    Seat::new(writer_over(errors, silent()), queue)
}

fn bring(seat: &Seat, name: usize) {
    let room = seat.queue.reserve(1).unwrap();
    match room.fill_quietly(event(name), 1) {
        Ok(true) => seat.visit(),
        Ok(false) => seat.queue.notify(),
        Err(_) => panic!("the queue is closed"),
    }
}

fn names(seat: &Seat) -> Vec<usize> {
    recorded(seat.writer.lock().unwrap().as_ref().unwrap())
}

#[test]
fn a_lone_event_is_recorded_by_whoever_brings_it() {
    let seat = seat(Vec::new());
    bring(&seat, 0);
    bring(&seat, 1);
    assert_eq!(names(&seat), [0, 1]);
}

#[test]
fn what_comes_while_somebody_writes_is_recorded_by_the_writers_own_thread() {
    let seat = seat(Vec::new());
    thread::scope(|scope| {
        let writing = seat.writer.lock().unwrap();
        let running = scope.spawn(|| seat.run());
        (0..20).for_each(|name| bring(&seat, name));
        drop(writing);
        seat.queue.close();
        assert_eq!(running.join().unwrap(), Ok(()));
    });
    assert!(names(&seat).into_iter().eq(0..20));
}

#[test]
fn connections_that_come_one_by_one_and_all_at_once_leave_nothing_behind() {
    let seat = seat(Vec::new());
    thread::scope(|scope| {
        let running = scope.spawn(|| seat.run());
        let bringing: Vec<_> = (0..4)
            .map(|one| {
                let seat = &seat;
                scope.spawn(move || (0..500).for_each(|name| bring(seat, one * 500 + name)))
            })
            .collect();
        bringing.into_iter().for_each(|one| one.join().unwrap());
        seat.queue.close();
        assert_eq!(running.join().unwrap(), Ok(()));
    });
    let mut names = names(&seat);
    names.sort_unstable();
    assert!(names.into_iter().eq(0..2000));
}

#[test]
fn an_error_that_a_connection_meets_ends_the_writers_own_thread() {
    let seat = seat(vec![Some(broken())]);
    bring(&seat, 0);
    assert!(seat.queue.reserve(1).is_none(), "the queue is open");
    assert_eq!(seat.run(), Err(broken().into()));
}

#[test]
fn a_connection_that_panics_while_it_writes_ends_the_writers_own_thread() {
    let seat = seat(Vec::new());
    let task: crate::pipeline::submission::Task = Box::new(|_| panic!("on purpose"));
    assert!(seat.queue.reserve(1).unwrap().fill_quietly(Work::Alone(task), 1).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| seat.visit())).is_err());
    assert_eq!(seat.run(), Err(WriteError::WriterPanicked));
}
