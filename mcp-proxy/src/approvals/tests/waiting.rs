//! Asking, answering, waiting too long: without any way to answer but the room's own.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use super::super::answer::{Answer, Verdict};
use super::super::desk::{Desk, DeskOptions, Endpoint};
use super::super::question::{ApprovalId, Names};
use super::super::room::{Then, WaitingRoom};
use super::{Told, question, someone};

fn room(most: usize, patience: Duration) -> WaitingRoom {
    let room = WaitingRoom::new([1; 32], most, patience).unwrap();
    room.attend();
    room
}

fn ask(room: &WaitingRoom, told: &Told) -> ApprovalId {
    room.ask(question("t"), |_| None, Box::new(told.then()))
}

const LONG: Duration = Duration::from_secs(3600);

/// As long as it takes, says whoever gives no end: a clock that cannot count so far must not end the thread that reads the client.
#[test]
fn a_patience_without_end_is_a_long_one() {
    let (room, told) = (room(64, Duration::MAX), Told::new());
    let id = ask(&room, &told);
    assert!(room.answering().decide(&id, Verdict::Deny, someone()));
    assert_eq!(told.next(), (id, Answer::Denied(someone())));
}

#[test]
fn each_question_gets_its_own_answer_and_nobody_waits_for_another() {
    let (room, told) = (room(64, LONG), Told::new());
    let (one, two, three) = (ask(&room, &told), ask(&room, &told), ask(&room, &told));
    let answering = room.answering();
    assert_eq!(answering.pending().len(), 3);
    assert!(answering.decide(&three, Verdict::Approve, someone()));
    assert_eq!(told.next(), (three.clone(), Answer::Approved(someone())));
    assert!(answering.decide(&one, Verdict::Deny, someone()));
    assert_eq!(told.next(), (one.clone(), Answer::Denied(someone())));
    assert_eq!(answering.pending().into_iter().map(|pending| pending.id).collect::<Vec<_>>(), [two]);
    for id in [one, three, Names::new([9; 32]).next()] {
        assert!(!answering.decide(&id, Verdict::Approve, someone()), "no second answer");
    }
    assert!(told.is_silent());
}

#[test]
fn whom_nobody_answers_is_denied_when_the_time_is_over() {
    let (room, told) = (room(64, Duration::from_millis(20)), Told::new());
    let id = ask(&room, &told);
    assert_eq!(told.next(), (id.clone(), Answer::TimedOut));
    assert!(!room.answering().decide(&id, Verdict::Approve, someone()));
    assert!(told.is_silent());
}

#[test]
fn an_answer_after_the_time_does_not_count_even_if_the_clock_keeper_is_held_up() {
    let (room, told) = (room(64, Duration::from_millis(200)), Told::new());
    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    // The one thread that keeps the time waits in here.
    let hold: Then = Box::new(move |_, _| {
        held.wait();
    });
    let blocker = room.ask(question("b"), |_| None, hold);
    let late = ask(&room, &told);
    // Denied or too late, it is told of now, and holds the thread.
    room.answering().decide(&blocker, Verdict::Deny, someone());
    while room.answering().one(&late).is_some() {
        thread::sleep(Duration::from_millis(1));
    }
    assert!(!room.answering().decide(&late, Verdict::Approve, someone()));
    gate.wait();
    assert_eq!(told.next(), (late, Answer::TimedOut));
}

#[test]
fn of_an_answer_and_the_time_exactly_one_wins() {
    for _ in 0..200 {
        let (room, told) = (room(64, Duration::from_micros(300)), Told::new());
        let id = ask(&room, &told);
        let mut counted = 0;
        while room.answering().one(&id).is_some() {
            counted += usize::from(room.answering().decide(&id, Verdict::Approve, someone()));
        }
        let (_, answer) = told.next();
        assert_eq!(answer == Answer::Approved(someone()), counted == 1, "{answer:?} {counted}");
        room.close();
        assert!(told.is_silent());
    }
}

#[test]
fn many_approvers_at_once_are_one() {
    let (room, told) = (room(64, LONG), Told::new());
    let id = ask(&room, &told);
    let accepted: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| usize::from(room.answering().decide(&id, Verdict::Approve, someone()))))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(accepted, 1);
    assert_eq!(told.next().1, Answer::Approved(someone()));
    room.close();
    assert!(told.is_silent());
}

#[test]
fn what_is_taken_back_is_withdrawn_and_closing_takes_all_back() {
    let (room, told) = (room(64, LONG), Told::new());
    let (one, two) = (ask(&room, &told), ask(&room, &told));
    room.withdraw(&one);
    room.withdraw(&one);
    assert_eq!(told.next(), (one.clone(), Answer::Withdrawn));
    assert!(!room.answering().decide(&one, Verdict::Approve, someone()));
    room.close();
    assert_eq!(told.next(), (two, Answer::Withdrawn), "told before closing returned");
    let three = ask(&room, &told);
    assert_eq!(told.next(), (three, Answer::Withdrawn));
    room.close();
}

#[test]
fn more_than_anybody_could_look_at_are_refused_and_the_others_still_wait() {
    let (room, told) = (room(2, LONG), Told::new());
    let (one, _two, three) = (ask(&room, &told), ask(&room, &told), ask(&room, &told));
    assert_eq!(told.next(), (three, Answer::NoApprover));
    assert!(room.answering().decide(&one, Verdict::Deny, someone()));
    assert_eq!(told.next().0, one);
    ask(&room, &told);
    assert_eq!(room.answering().pending().len(), 2);
}

#[test]
fn one_who_panics_when_told_keeps_no_other_from_being_told() {
    let (room, told) = (room(64, LONG), Told::new());
    let bad = room.ask(question("t"), |_| None, Box::new(|_, _| panic!("told")));
    let good = ask(&room, &told);
    assert!(room.answering().decide(&bad, Verdict::Approve, someone()));
    assert!(room.answering().decide(&good, Verdict::Deny, someone()));
    assert_eq!(told.next(), (good, Answer::Denied(someone())));
}

#[test]
fn whoever_is_told_may_ask_withdraw_and_close() {
    let room = Arc::new(room(64, LONG));
    let told = Told::new();
    let (own, next) = (Arc::downgrade(&room), told.then());
    let first = room.ask(
        question("t"),
        |_| None,
        Box::new(move |_, _| {
            let room = own.upgrade().unwrap();
            let id = room.ask(question("u"), |_| None, Box::new(next));
            room.withdraw(&id);
            room.close();
        }),
    );
    assert!(room.answering().decide(&first, Verdict::Approve, someone()));
    assert_eq!(told.next().1, Answer::Withdrawn);
}

#[test]
fn a_desk_that_nobody_attends_denies_at_once() {
    let told = Told::new();
    let options = DeskOptions { endpoint: Endpoint::Off, ..DeskOptions::default() };
    let desk = Desk::open(&options, &ring::rand::SystemRandom::new(), &|_| None).unwrap();
    let id = desk.ask(question("t"), told.then());
    assert_eq!(told.next(), (id, Answer::NoApprover));
}
