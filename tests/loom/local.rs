//! `raw::local`: which ids are alive. Its own words are Relaxed; the orderings of the number that it keeps ids in are
//! planted by `lazy`, those of its lock by `lock`.

use std::rc::Rc;

use underthread::raw::Ids;
use underthread::sys::LazyNumber;

use crate::{Counted, of_three, of_two, with};

#[derive(Default)]
struct Local {
    ids: Ids,
    id: LazyNumber,
}

impl Local {
    /// The id, which must be alive once it is known.
    fn id(&self) -> u64 {
        let id = self.ids.id(&self.id);
        assert!(self.ids.is_live(id));
        id
    }
}

fn two_threads_find_one_id_which_is_alive() {
    let local = Rc::new(Local::default());
    let other = with(&local, |local| local.ids.id(&local.id));
    let id = local.id();
    assert_eq!(other.join(), id);
    // That of the one who came second is gone.
    assert!([1, 2].into_iter().filter(|id| local.ids.is_live(*id)).eq([id]));
}

fn who_sees_a_retirement_finds_the_id_gone() {
    let local = Rc::new(Local::default());
    let id = local.id();
    let other = with(&local, move |local| local.ids.retire(id));
    if local.ids.retired() == 1 {
        assert!(!local.ids.is_live(id));
    }
    other.join();
    assert_eq!((local.ids.retired(), local.ids.is_live(id)), (1, false));
}

/// What `threading::Local` does when it clears up: it remembers a count, and then forgets ids.
fn who_clears_up_forgets_only_what_is_gone_and_in_the_end_all_of_it() {
    let local = Rc::new(Local::default());
    let (kept, gone) = (local.id(), [LazyNumber::new(), LazyNumber::new()].map(|own| local.ids.id(&own)));
    let others = gone.map(|id| with(&local, move |local| local.ids.retire(id)));
    let seen = local.ids.retired();
    let left = gone.into_iter().filter(|id| local.ids.is_live(*id)).count() as u64;
    assert!(left + seen <= 2);
    for other in others {
        other.join();
    }
    assert_eq!(local.ids.retired(), 2);
    assert!(local.ids.is_live(kept));
}

const SCENARIOS: [Counted; 3] = [
    of_two("local: two threads find one id, which is alive", None, two_threads_find_one_id_which_is_alive),
    of_two("local: who sees a retirement finds the id gone", None, who_sees_a_retirement_finds_the_id_gone),
    of_three(
        "local: who clears up forgets only what is gone",
        Some(3),
        who_clears_up_forgets_only_what_is_gone_and_in_the_end_all_of_it,
    ),
];

model!(SCENARIOS, ["raw/local.rs"]);
