//! The modes of `sys::fence`: a light and a heavy side while, and after, the fences are made symmetric and membarrier is
//! forbidden.

use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use underthread::sys::atomic::AtomicU32;
use underthread::sys::fence::{Kind, heavy, kind, light, make_symmetric};
use underthread::sys::model::forbid_membarrier;
use underthread::sys::{Private, Scope, Shared};

use crate::{Counted, of_three, of_two, with, with_membarrier};

/// Each side stores to its own, and then looks at the other's; one of them sees the other.
#[derive(Default)]
struct Words {
    lights: AtomicU32,
    heavys: AtomicU32,
}

impl Words {
    fn light<S: Scope>(&self) -> u32 {
        self.lights.store(1, Relaxed);
        light::<S>();
        self.heavys.load(Relaxed)
    }

    fn heavy<S: Scope>(&self) -> u32 {
        self.heavys.store(1, Relaxed);
        heavy::<S>();
        self.lights.load(Relaxed)
    }
}

fn one_side_sees_the_other() {
    let words = Rc::new(Words::default());
    assert_eq!(kind(), Kind::Asymmetric);
    let light = with(&words, Words::light::<Private>);
    let heavy = words.heavy::<Private>();
    assert_ne!(light.join() + heavy, 0);
}

/// Between processes membarrier is of no use.
fn one_side_sees_the_other_when_shared() {
    let words = Rc::new(Words::default());
    forbid_membarrier();
    let light = with(&words, Words::light::<Shared>);
    let heavy = words.heavy::<Shared>();
    assert_ne!(light.join() + heavy, 0);
}

fn who_has_switched_sees_a_light_side() {
    let words = Rc::new(Words::default());
    let light = with(&words, Words::light::<Private>);
    make_symmetric();
    forbid_membarrier();
    let heavy = words.heavy::<Private>();
    assert_ne!(light.join() + heavy, 0);
    assert_eq!(kind(), Kind::Symmetric);
}

fn a_switch_comes_between_both_sides() {
    let words = Rc::new(Words::default());
    let light = with(&words, Words::light::<Private>);
    let heavy = with(&words, Words::heavy::<Private>);
    make_symmetric();
    forbid_membarrier();
    assert_ne!(light.join() + heavy.join(), 0);
}

/// Neither relies on the other's end.
fn two_switch_at_once() {
    let words = Rc::new(Words::default());
    let light = with(&words, Words::light::<Private>);
    let heavy = with(&words, |words| {
        make_symmetric();
        words.heavy::<Private>()
    });
    make_symmetric();
    forbid_membarrier();
    assert_ne!(light.join() + heavy.join(), 0);
}

const SCENARIOS: [Counted; 5] = [
    with_membarrier(of_two("fence: one side sees the other", None, one_side_sees_the_other)),
    with_membarrier(of_two("fence: one side sees the other, shared", None, one_side_sees_the_other_when_shared)),
    with_membarrier(of_two("fence: who has switched sees a light side", None, who_has_switched_sees_a_light_side)),
    with_membarrier(of_three("fence: a switch comes between both sides", Some(3), a_switch_comes_between_both_sides)),
    with_membarrier(of_three("fence: two switch at once", Some(3), two_switch_at_once)),
];

model!(SCENARIOS, ["sys/fence.rs"]);
