//! What is wrong in a protocol, found by the models; where these do not go, by a test of the layer.

use crate::{Mutant, Mutants};

pub(crate) const TABLE: &[Mutants] = &[
    (
        "sys/fence.rs",
        &[
            Mutant {
                name: "the switch does not pass through its middle",
                from: "MODE.compare_exchange(MEMBARRIER, SWITCHING, Relaxed, Relaxed)",
                to: "MODE.compare_exchange(MEMBARRIER, SYMMETRIC, Relaxed, Relaxed)",
                by: "loom/fence.rs::a_switch_comes_between_both_sides",
                says: "assertion `left != right` failed",
            },
            Mutant {
                name: "who finds another switching has done",
                from: "Relaxed) == Err(SYMMETRIC) {",
                to: "Relaxed).is_err() {",
                by: "loom/fence.rs::two_switch_at_once",
                says: "membarrier was granted at start and is refused now",
            },
            Mutant {
                name: "a heavy side that is refused does not look whether the fences are full now",
                from: "
    if MODE.load(Relaxed) == SYMMETRIC {
        return full_fence(SeqCst);
    }
",
                to: "
",
                by: "loom/fence.rs::a_switch_comes_between_both_sides",
                says: "membarrier was granted at start and is refused now",
            },
            Mutant {
                name: "a light side is weak while the fences are switched",
                from: "    if MODE.load(Relaxed) == MEMBARRIER {",
                to: "    if MODE.load(Relaxed) != SYMMETRIC {",
                by: "loom/fence.rs::a_switch_comes_between_both_sides",
                says: "assertion `left != right` failed",
            },
        ],
    ),
    (
        "raw/sleepers.rs",
        &[
            Mutant {
                name: "one who was announced sleeps without another attempt",
                from: "if let Some(taken) = attempt() {",
                to: "if mark == STARVING && let Some(taken) = attempt() {",
                by: "loom/lock.rs::two_threads_exclude_each_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "one who is late clears the mark of those who sleep on",
                from: "                // Too late, but what is there may still be had.\n",
                to: "                let _ = self.word.compare_exchange(mark, NONE, Relaxed, Relaxed);\n",
                by: "loom/lock.rs::a_timed_out_waiter_leaves_the_others_a_wake",
                says: "a lost wake-up",
            },
            Mutant {
                name: "one who is late leaves its mark of starving, and the grant in answer to it",
                from: "let late = self.turn(None, mark, true);",
                to: "let late = Turn { taken: None, granted: false, unfenced: true };",
                by: "loom/lock.rs::a_timed_out_waiter_takes_nothing_with_it",
                says: "assertion failed: !self.lock.locked()",
            },
            Mutant {
                name: "one who has taken a unit leaves its mark of starving",
                from: "return self.turn(Some(taken), mark, nap);",
                to: "return Turn { taken: Some(taken), granted: false, unfenced: nap };",
                by: "loom/lock.rs::two_threads_exclude_each_other",
                says: "assertion failed: !self.lock.locked()",
            },
            Mutant {
                name: "one who was served before it announced itself again looks for more without a fence",
                from: "return Turn { taken: Some(taken), granted, unfenced: true };",
                to: "return Turn { taken: Some(taken), granted, unfenced: false };",
                by: "loom/semaphore.rs::two_releases_let_two_sleepers_go",
                says: "a lost wake-up",
            },
            Mutant {
                name: "one who is woken by a grant leaves it",
                from: "self.word.fetch_max(SOME, Relaxed) == GRANTED && entitled && self.take_grant();",
                to: "self.word.fetch_max(SOME, Relaxed) == GRANTED && false;",
                by: "shuttle/semaphore.rs::a_permit_that_is_handed_over_has_its_taker",
                says: "deadlock",
            },
            Mutant {
                name: "who calms down does not look for a grant",
                from: "
                Err(GRANTED) => {
                    if self.take_grant() {
                        return true;
                    }
                }
",
                to: "
                Err(GRANTED) => return false,
",
                by: "loom/lock.rs::a_timed_out_waiter_takes_nothing_with_it",
                says: "assertion failed: !self.lock.locked()",
            },
            Mutant {
                name: "a grant that is taken leaves no mark for the others",
                from: "compare_exchange(GRANTED, SOME, Acquire, Relaxed)",
                to: "compare_exchange(GRANTED, NONE, Acquire, Relaxed)",
                by: "loom/lock.rs::three_threads_exclude_each_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a grant's wake may choose one whom it is not for",
                from: "if entitled { MATCH_ANY } else { NEWCOMER }",
                to: "MATCH_ANY",
                by: "loom/lock.rs::a_newcomer_who_gives_up_keeps_no_grant_from_the_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a newcomer announces itself over a grant",
                from: "self.word.fetch_max(mark, Relaxed).max(mark)",
                to: "self.word.swap(mark, Relaxed).max(mark)",
                by: "loom/lock.rs::two_threads_exclude_each_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a mark that seems to stand is not announced again",
                from: "let announced = self.word.fetch_max(mark, Relaxed).max(mark);",
                to: "let seen = self.word.load(Relaxed);
            let announced = if seen >= mark { seen } else { self.word.fetch_max(mark, Relaxed).max(mark) };",
                by: "loom/lock.rs::a_timed_out_waiter_leaves_the_others_a_wake",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a sleep on the own mark, where a higher one stands",
                from: "self.word.wait_bitset(announced, until, ",
                to: "self.word.wait_bitset(mark, until, ",
                by: "faults/fork.rs::a_lock_that_another_thread_starves_for_is_handed_to_nobody_in_the_child_and_can_be_had",
                says: "hang",
            },
            Mutant {
                name: "a sleeper is woken before the mark is cleared",
                from: "            match self.word.compare_exchange(seen, NONE, Relaxed, Relaxed) {
                Ok(_) => return Futex::wake(ptr::from_ref(&self.word), count),
",
                to: "            Futex::wake(ptr::from_ref(&self.word), count);
            match self.word.compare_exchange(seen, NONE, Relaxed, Relaxed) {
                Ok(_) => return,
",
                by: "loom/lock.rs::two_threads_exclude_each_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a wake clears a grant",
                from: "while seen == SOME || seen == STARVING {",
                to: "while seen != NONE {",
                by: "loom/semaphore.rs::two_releases_let_two_sleepers_go",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a unit that was taken back for a grant, in vain, is kept",
                from: "            put_back();
            if !self.any() {
",
                to: "            if !self.any() {\n",
                by: "loom/lock.rs::a_timed_out_waiter_takes_nothing_with_it",
                says: "assertion failed: !self.lock.locked()",
            },
            Mutant {
                name: "a unit that was taken back for a grant, in vain, is given back without a wake",
                from: "            if !self.any() {
                return;
            }
        }
",
                to: "            return;
        }
",
                by: "loom/lock.rs::a_timed_out_waiter_leaves_the_others_a_wake",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a unit is handed over that was not taken back",
                from: "if !take() || self.grant() {",
                to: "if self.grant() {",
                by: "loom/lock.rs::three_threads_exclude_each_other",
                says: "Causality violation",
            },
            Mutant {
                name: "a grant wakes before it is there",
                from: "        let granted = self.word.compare_exchange(STARVING, GRANTED, Release, Relaxed).is_ok();
        if granted {
            // By address: the taker may already be done and have freed us. Who starves is here (I4), or gone for good (I6).
            Futex::wake_bitset(ptr::from_ref(&self.word), 1, ENTITLED);
        }
        granted
",
                to: "        Futex::wake_bitset(ptr::from_ref(&self.word), 1, ENTITLED);
        self.word.compare_exchange(STARVING, GRANTED, Release, Relaxed).is_ok()
",
                by: "loom/lock.rs::two_threads_exclude_each_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a newcomer waits for a grant that nobody takes",
                from: "S::SHARED || identity::is_forked()",
                to: "S::SHARED",
                by: "faults/fork.rs::a_lock_that_another_thread_starves_for_is_handed_to_nobody_in_the_child_and_can_be_had",
                says: "hang",
            },
            Mutant {
                name: "a newcomer waits for a grant for a while only, though its taker is not gone",
                from: "S::SHARED || identity::is_forked()",
                to: "true",
                by: "loom/lock.rs::it_is_seen_held_only_for_one_who_gets_it",
                says: "nobody had it",
            },
            Mutant {
                name: "a newcomer takes a grant",
                from: "if entitled && self.take_grant() {",
                to: "if self.take_grant() {",
                by: "faults/fork.rs::a_lock_that_another_thread_starves_for_is_handed_to_nobody_in_the_child_and_can_be_had",
                says: "a newcomer took it at once",
            },
            Mutant {
                name: "a newcomer that was woken takes a grant",
                from: "entitled |= !woken;",
                to: "entitled = true;",
                by: "faults/fork.rs::a_lock_that_another_thread_starves_for_is_handed_to_nobody_in_the_child_and_can_be_had",
                says: "a newcomer did not wait",
            },
            Mutant {
                name: "who sleeps never starves",
                from: "if patience.is_some_and(Deadline::passed) {",
                to: "if patience.is_some_and(Deadline::passed) && false {",
                by: "museum/fairness.rs::one_who_has_waited_is_handed_a_unit_past_everybody",
                says: "hang",
            },
        ],
    ),
    (
        "raw/biased.rs",
        &[
            Mutant {
                name: "a bias begins whoever sleeps",
                from: "        if self.lock.has_sleepers() {",
                to: "        if false {",
                by: "loom/biased.rs::nobody_sleeps_through_the_beginning_of_a_bias",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who sleeps has looked for a bias only before",
                from: "take() || self.lock.acquire_or(deadline, take)",
                to: "take() || self.lock.acquire_or(deadline, || false)",
                by: "loom/biased.rs::nobody_sleeps_through_the_beginning_of_a_bias",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who finds a bias revoked leaves it to the one who did that",
                from: "if bias == NONE || bias == OVER {",
                to: "if bias == NONE || bias == OVER || bias == REVOKED {",
                by: "loom/biased.rs::its_owner_and_another_exclude_each_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who leaves releases the lock though the owner may be inside again",
                from: "        if self.revoke() {
            self.lock.release_held();",
                to: "        if self.end() {
            self.lock.release_held();",
                by: "loom/biased.rs::the_owner_is_inside_again_while_another_releases_for_it",
                says: "Causality violation",
            },
            Mutant {
                name: "the owner goes inside again",
                from: " || self.idle.load(Acquire) == 0 {",
                to: " {",
                by: "loom/biased.rs::another_may_release_for_the_owner",
                says: "Causality violation",
            },
            Mutant {
                name: "the lock is taken from an owner that is inside",
                from: "self.idle.load(Acquire) != 0 && self.end()",
                to: "self.end()",
                by: "loom/biased.rs::its_owner_and_another_exclude_each_other",
                says: "Causality violation",
            },
            Mutant {
                name: "the owner does not see that its bias is over",
                from: "self.bias.load(Relaxed) == me || self.end()",
                to: "true",
                by: "loom/biased.rs::its_owner_and_another_exclude_each_other",
                says: "Causality violation",
            },
        ],
    ),
    (
        "raw/lock.rs",
        &[
            Mutant {
                name: "the lock is taken back for a grant without a look whether it is free",
                from: "self.sleepers.released(|| self.make_free(), || self.take(PASSING));",
                to: "self.sleepers.released(|| self.make_free(), || true);",
                by: "loom/lock.rs::three_threads_exclude_each_other",
                says: "Causality violation",
            },
            Mutant {
                name: "one who looks takes a lock that looks free",
                from: "(is_free() && self.take(PASSING)) || got()",
                to: "is_free() || got()",
                by: "loom/lock.rs::two_threads_exclude_each_other",
                says: "Causality violation",
            },
            Mutant {
                name: "the sleepers are looked for before the lock is free",
                from: "        self.make_free();
        self.see_to_sleepers();
",
                to: "        self.see_to_sleepers();
        self.make_free();
",
                by: "loom/lock.rs::two_threads_exclude_each_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who was asleep holds the lock before it has left its mark",
                from: "(is_free() && self.take(PASSING)) || got()",
                to: "(is_free() && self.take(HELD)) || got()",
                by: "loom/lock.rs::two_releases_let_two_acquire",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a lock that is handed over is anyone's to release",
                from: "self.sleepers.released(|| self.make_free(), || self.take(PASSING));",
                to: "self.sleepers.released(|| self.make_free(), || self.take(HELD));",
                by: "loom/lock.rs::two_releases_let_two_acquire",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a release is a look and a store",
                from: "self.word.compare_exchange(HELD, FREE, AcqRel, Relaxed).map_err(|_| ReleaseUnlocked)?;",
                to: "if self.word.load(Acquire) != HELD {
            return Err(ReleaseUnlocked);
        }
        self.make_free();",
                by: "loom/lock.rs::one_of_two_releases_fails",
                says: "assertion",
            },
        ],
    ),
    (
        "raw/rlock.rs",
        &[
            Mutant {
                name: "the first release frees the lock at every depth",
                from: "        if depth == 0 {\n",
                to: "        if depth <= 1 {\n",
                by: "loom/rlock.rs::two_threads_exclude_each_other_at_every_depth",
                says: "NotOwner",
            },
            Mutant {
                name: "the owner is cleared when the lock is another's",
                from: "            self.owner.store(NOBODY, Relaxed);
            self.lock.release_held();
",
                to: "            self.lock.release_held();
            self.owner.store(NOBODY, Relaxed);
",
                by: "loom/rlock.rs::two_threads_exclude_each_other_at_every_depth",
                says: "assertion failed: self.lock.try_acquire().unwrap()",
            },
            Mutant {
                name: "who waits has its lock again at depth 1",
                from: "        self.own(depth);\n",
                to: "        self.own(depth.min(1));\n",
                by: "loom/rlock.rs::a_whole_release_lets_another_in_and_the_depth_comes_back",
                says: "`left == right` failed",
            },
            Mutant {
                name: "who waits releases once, at every depth",
                from: "        self.release_owned(depth);\n",
                to: "        self.release_owned(depth.min(1));\n",
                by: "loom/condition.rs::a_recursive_lock_is_released_whole_and_has_its_depth_again",
                says: "a lost wake-up",
            },
            Mutant {
                name: "whoever finds an owner is the owner",
                from: "self.owner.load(Relaxed) == owner_id::<S>()",
                to: "self.owner.load(Relaxed) != NOBODY",
                by: "loom/rlock.rs::only_the_owner_releases",
                says: "NotOwner",
            },
        ],
    ),
    (
        "raw/event.rs",
        &[
            Mutant {
                name: "a cleared event has the generation that it had",
                from: "(word | FLAGS).wrapping_add(1)",
                to: "word & !FLAGS",
                by: "loom/event.rs::a_set_that_is_cleared_at_once_releases_who_waited",
                says: "a lost wake-up",
            },
            Mutant {
                name: "an event that is set is not set again",
                from: "if self.word.fetch_or(SET, Release) & FLAGS == WAITERS {",
                to: "if self.word.load(Relaxed) & SET == 0 && self.word.fetch_or(SET, Release) & FLAGS == WAITERS {",
                by: "loom/event.rs::who_clears_looks_and_waits_misses_no_set",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who was woken looks at the flag only",
                from: "|word: u32| word & SET != 0 || word & !FLAGS != start & !FLAGS;",
                to: "|word: u32| word & SET != 0 || word & !FLAGS < start & !FLAGS;",
                by: "loom/event.rs::a_set_that_is_cleared_at_once_releases_who_waited",
                says: "a lost wake-up",
            },
            Mutant {
                name: "of two clears each erases a set",
                from: "            match self.word.compare_exchange(seen, next(seen), Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
",
                to: "            self.word.swap(next(seen), Acquire);
            seen = 0;
",
                by: "loom/event.rs::a_clear_that_is_overtaken_takes_no_release_back",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a set wakes nobody once there was a set",
                from: "& FLAGS == WAITERS {",
                to: "== WAITERS {",
                by: "loom/event.rs::a_waiter_may_wait_again",
                says: "a lost wake-up",
            },
        ],
    ),
    (
        "raw/condition.rs",
        &[
            Mutant {
                name: "one who is late does not look for its notification",
                from: "            if groups.take(group) {\n",
                to: "            if woken && groups.take(group) {\n",
                by: "loom/condition.rs::a_notification_is_not_spent_on_one_who_has_timed_out",
                says: "`left == right` failed",
            },
            Mutant {
                name: "at a turn the members of the old group count into the new",
                from: "open: self.fresh, signals: 0 };",
                to: "open: self.fresh + self.open, signals: 0 };",
                by: "loom/condition.rs::a_notification_is_not_spent_on_one_who_has_timed_out",
                says: "`left == right` failed",
            },
            Mutant {
                name: "the groups turn though the open one has members without a notification",
                from: "        if self.signals == self.open {\n",
                to: "        {\n",
                by: "loom/condition.rs::two_notifications_serve_two_waiters",
                says: "Causality violation",
            },
            Mutant {
                name: "a wait is counted when its lock is given up",
                from: "        let mut groups = self.groups.acquire();
        let group = groups.gathering;
        groups.fresh += 1;
        self.publish(&groups);
        let word = self.word(group);
        // Relaxed: stored to under `groups`, which is held.
        let mut seen = word.load(Relaxed);
        drop(groups);
        // SAFETY: the caller holds it, and gives up what it protects.
        let depth = unsafe { lock.release_all() };
",
                to: "        // SAFETY: the caller holds it, and gives up what it protects.
        let depth = unsafe { lock.release_all() };
        let mut groups = self.groups.acquire();
        let group = groups.gathering;
        groups.fresh += 1;
        self.publish(&groups);
        let word = self.word(group);
        // Relaxed: stored to under `groups`, which is held.
        let mut seen = word.load(Relaxed);
        drop(groups);
",
                by: "loom/condition.rs::a_wait_that_began_under_the_lock_is_found_by_who_has_it_next",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a notification of many serves one group",
                from: "        while left > 0 {\n",
                to: "        if left > 0 {\n",
                by: "loom/condition.rs::a_notification_is_not_spent_on_one_who_has_timed_out",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a word is looked at when the groups are another's",
                from: "        let mut seen = word.load(Relaxed);
        drop(groups);
",
                to: "        drop(groups);
        let mut seen = word.load(Relaxed);
",
                by: "loom/condition.rs::who_notifies_without_the_lock_is_heard",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who was woken in vain looks at its word when the groups are another's",
                from: "            // I3. Relaxed: as above.\n",
                to: "            drop(groups);\n",
                by: "loom/condition.rs::two_notifications_serve_two_waiters",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a notification wakes before it changes the word",
                from: "            // I5.
            let before =",
                to: "            Futex::wake(ptr::from_ref(word), signals);
            let before = ASLEEP & !",
                by: "loom/condition.rs::the_notifier_need_not_hold_the_lock",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who waits for a notification sleeps without a mark",
                from: "    let marked = seen | ASLEEP;\n",
                to: "    let marked = seen;\n",
                by: "loom/condition.rs::the_notifier_need_not_hold_the_lock",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a notification looks for the mark before it changes the word",
                from: "            if before & ASLEEP != 0 {\n",
                to: "            if before & now & ASLEEP != 0 {\n",
                by: "loom/condition.rs::the_notifier_need_not_hold_the_lock",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a notification of some takes the mark of the others off",
                from: "            let before = if groups.signals == groups.open {\n",
                to: "            let before = if groups.signals <= groups.open {\n",
                by: "loom/condition.rs::two_notifications_serve_two_waiters",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a mark that comes late undoes a notification",
                from: "word.compare_exchange(seen, marked, Relaxed, Relaxed).is_err_and(|now| now != marked)",
                to: "word.swap(marked, Relaxed) == marked",
                by: "loom/condition.rs::the_notifier_need_not_hold_the_lock",
                says: "a lost wake-up",
            },
            Mutant {
                name: "one who is late counts itself out of the newcomers",
                from: "if group == self.gathering { &mut self.fresh } else { &mut self.open };",
                to: "if group <= self.gathering { &mut self.fresh } else { &mut self.open };",
                by: "loom/condition.rs::a_notification_is_not_spent_on_one_who_has_timed_out",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a newcomer takes the notification of who waited before",
                from: "            0 => false,
            1 if self.signals == 0 => false,
            1 => {
",
                to: "            0 | 1 if self.signals == 0 => false,
            0 | 1 => {
",
                by: "loom/condition.rs::a_notification_does_not_go_to_its_own_notifier_later",
                says: "a newcomer took it",
            },
            Mutant {
                name: "both groups sleep on one word",
                from: "&self.words[group as usize & 1]",
                to: "&self.words[group as usize & 0]",
                by: "loom/condition.rs::a_newcomer_who_sleeps_keeps_no_wake_from_the_open_group",
                says: "a lost wake-up",
            },
            Mutant {
                name: "the lock does not come back",
                from: "        lock.reacquire(depth);\n",
                to: "        let _ = depth;\n",
                by: "loom/condition.rs::two_notifications_serve_two_waiters",
                says: "Causality violation",
            },
            Mutant {
                name: "one who was notified counts as waiting",
                from: "        self.fresh + (self.open - self.signals)\n",
                to: "        self.fresh + self.open\n",
                by: "loom/condition.rs::a_wait_says_what_notify_said",
                says: "`left == right` failed",
            },
        ],
    ),
    (
        "raw/semaphore.rs",
        &[
            Mutant {
                name: "permits are added without a look for sleepers",
                from: "        self.see_to_sleepers();
        Ok(())
",
                to: "        Ok(())\n",
                by: "loom/semaphore.rs::one_permit_excludes",
                says: "a lost wake-up",
            },
            Mutant {
                name: "what is put back wakes nobody",
                from: "        self.raise_to_limit(n);
        self.see_to_sleepers();
",
                to: "        self.raise_to_limit(n);\n",
                by: "loom/semaphore.rs::who_collects_in_vain_gives_back",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who collects in vain keeps what it has",
                from: "                if held > 0 {
                    self.put_back(held);
                }
",
                to: "",
                by: "loom/semaphore.rs::who_collects_in_vain_gives_back",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a grant that came besides is kept",
                from: "        if held > n {
            self.put_back(held - n);
        }
",
                to: "",
                by: "loom/semaphore.rs::two_releases_let_two_sleepers_go",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a permit that was handed over is not counted",
                from: "turn.taken.unwrap_or(0) + u32::from(turn.granted);",
                to: "turn.taken.unwrap_or(0);",
                by: "loom/semaphore.rs::one_permit_excludes",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who collects has no turn",
                from: "        if !self.turn.acquire_until(deadline) {
            return false;
        }
",
                to: "        let _ = self.turn.try_acquire();\n",
                by: "loom/semaphore.rs::of_two_that_collect_one_has_its_turn",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who has collected keeps the turn",
                from: "        self.turn.release_held();\n",
                to: "",
                by: "loom/semaphore.rs::of_two_that_collect_one_has_its_turn",
                says: "a lost wake-up",
            },
            Mutant {
                name: "more permits are taken than asked for",
                from: "let taken = seen.min(most);",
                to: "let taken = seen.max(most);",
                by: "loom/semaphore.rs::a_release_of_two_lets_two_sleepers_go",
                says: "a lost wake-up",
            },
            Mutant {
                name: "permits are taken by a store",
                from: "match self.permits.compare_exchange_weak(seen, seen - taken, Acquire, Relaxed) {",
                to: "match Ok::<u32, u32>(self.permits.swap(seen - taken, Acquire)) {",
                by: "loom/semaphore.rs::a_timed_out_waiter_leaves_the_others_a_wake",
                says: "`left == right` failed",
            },
            Mutant {
                name: "permits are added by a store",
                from: "match self.permits.compare_exchange_weak(seen, sum, Release, Relaxed) {",
                to: "match Ok::<u32, u32>(self.permits.swap(sum, Release)) {",
                by: "loom/semaphore.rs::two_releases_let_two_sleepers_go",
                says: "`left == right` failed",
            },
            Mutant {
                name: "a permit is handed over that was not taken",
                from: "self.sleepers.released(|| self.raise_to_limit(1), || self.try_acquire(1));",
                to: "self.sleepers.released(|| self.raise_to_limit(1), || true);",
                by: "loom/semaphore.rs::one_permit_excludes",
                says: "`left == right` failed",
            },
            Mutant {
                name: "a permit that was taken for a grant, in vain, is kept",
                from: "self.sleepers.released(|| self.raise_to_limit(1), || self.try_acquire(1));",
                to: "self.sleepers.released(|| (), || self.try_acquire(1));",
                by: "loom/semaphore.rs::a_timed_out_waiter_takes_nothing_with_it",
                says: "`left == right` failed",
            },
        ],
    ),
    (
        "raw/barrier.rs",
        &[
            Mutant {
                name: "a newcomer arrives among those who leave",
                from: "                FILLING => {\n",
                to: "                FILLING | RESETTING => {\n",
                by: "loom/barrier.rs::a_reset_barrier_can_be_used_at_once",
                says: "BrokenBarrier",
            },
            Mutant {
                name: "the last who leaves a barrier that was reset does not say so",
                from: "            RESETTING if *inside == 0 => self.change(inside, next(phase)),\n",
                to: "",
                by: "loom/barrier.rs::a_reset_barrier_can_be_used_at_once",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who leaves stays counted",
                from: "        *inside -= 1;\n",
                to: "",
                by: "loom/barrier.rs::a_reset_barrier_can_be_used_at_once",
                says: "a lost wake-up",
            },
            Mutant {
                name: "one who is late breaks nothing",
                from: "            FILLING | TRIPPING => self.change(inside, generation(phase) | BROKEN),\n",
                to: "",
                by: "loom/barrier.rs::a_timeout_fails_for_both_or_for_neither",
                says: "a lost wake-up",
            },
            Mutant {
                name: "an arrival is counted after itself",
                from: "                    let index = *inside;
                    *inside += 1;
",
                to: "                    *inside += 1;
                    let index = *inside;
",
                by: "loom/barrier.rs::all_see_all_that_came_before",
                says: "`left == right` failed",
            },
            Mutant {
                name: "the last arrives without saying so",
                from: "                    if last {
                        // I1. Relaxed: nobody leaves for that.
                        self.phase.fetch_or(TRIPPING, Relaxed);
                    }
",
                to: "",
                by: "loom/barrier.rs::all_see_all_that_came_before",
                says: "BrokenBarrier",
            },
            Mutant {
                name: "a complete cycle is not emptied",
                from: "        *inside = 0;\n",
                to: "",
                by: "loom/barrier.rs::the_barrier_fills_again",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a cycle is complete though it was broken while the action ran",
                from: "        if self.phase.load(Relaxed) & !ASLEEP != generation(phase) | TRIPPING {
            drop(inside);
            return self.leave(phase);
        }
",
                to: "",
                by: "loom/barrier.rs::an_abort_while_the_action_runs_fails_for_both",
                says: "`left == right` failed",
            },
            Mutant {
                name: "an abort wakes nobody",
                from: "        if phase & STATUS != BROKEN {
            self.change(inside, generation(phase) | BROKEN);
",
                to: "        if phase & STATUS != BROKEN {
            self.phase.swap(generation(phase) | BROKEN, Release);
            drop(inside);
",
                by: "loom/barrier.rs::an_abort_fails_for_both_or_for_neither",
                says: "a lost wake-up",
            },
            Mutant {
                name: "one who is late does not look for a complete cycle",
                from: "        if generation(phase) != generation(arrived) {
            return true;
        }
        *inside",
                to: "        *inside",
                by: "loom/barrier.rs::a_timeout_fails_for_both_or_for_neither",
                says: "`left == right` failed",
            },
            Mutant {
                name: "who was inside looks at the status before the generation",
                from: "            if passed(phase) {
                return true;
            }
            if !in_time",
                to: "            if matches!(phase & STATUS, BROKEN | RESETTING) {
                return false;
            }
            if passed(phase) {
                return true;
            }
            if !in_time",
                by: "loom/barrier.rs::an_abort_does_not_spoil_a_complete_cycle",
                says: "BrokenBarrier",
            },
            Mutant {
                name: "who waits at a barrier sleeps without a mark",
                from: "        let marked = seen | ASLEEP;\n",
                to: "        let marked = seen;\n",
                by: "loom/barrier.rs::all_see_all_that_came_before",
                says: "a lost wake-up",
            },
            Mutant {
                name: "the last to arrive takes the mark off",
                from: "                        self.phase.fetch_or(TRIPPING, Relaxed);\n",
                to: "                        self.phase.swap(generation(phase) | TRIPPING, Relaxed);\n",
                by: "loom/barrier.rs::all_see_all_that_came_before",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a barrier looks for the mark before it changes",
                from: "        let before = self.phase.swap(phase, Release);\n",
                to: "        let before = self.phase.load(Relaxed);
        self.phase.swap(phase, Release);
",
                by: "loom/barrier.rs::all_see_all_that_came_before",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a reset breaks the cycle whose action runs",
                from: "            FILLING | BROKEN if *inside > 0 =>",
                to: "            FILLING | BROKEN | TRIPPING if *inside > 0 =>",
                by: "raw/barrier.rs::an_action_may_use_the_barrier",
                says: "panicked at tests/raw/barrier.rs",
            },
            Mutant {
                name: "an action that panics leaves the cycle as it was",
                from: "        action();
        mem::forget(unwinding);
",
                to: "        mem::forget(unwinding);
        action();
",
                by: "raw/barrier.rs::abort_reset_timeout_and_panic_fail_for_all_inside",
                says: "hang",
            },
        ],
    ),
    (
        "raw/buffer/passage.rs",
        &[
            Mutant {
                name: "who is refused does not pass its wake on",
                from: "        Ok(Passage { side: done.unwrap_or(Err(Refused::NotNow))?, slept: Some(self) })\n",
                to: "        match done.unwrap_or(Err(Refused::NotNow)) {
            Ok(side) => Ok(Passage { side, slept: Some(self) }),
            Err(why) => {
                core::mem::forget(self);
                Err(why)
            }
        }
",
                by: "loom/pile.rs::close_releases_all_getters",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who has slept does not pass its wake on",
                from: "slept: Some(self) })",
                to: "slept: None.filter(|_: &Self| false).or({ core::mem::forget(self); None }) })",
                by: "loom/ring.rs::every_getter_is_woken",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a getter who leaves does not look whether it is closed",
                from: "            Role::Joiner => usize::from(self.buffer.is_all_done()),\n",
                to: "            Role::Joiner => usize::from(self.buffer.is_all_done()),
            Role::Getter => self.buffer.qsize(),
",
                by: "loom/ring.rs::close_with_a_drain_releases_all_getters",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a putter who leaves does not look whether it is closed",
                from: "            Role::Joiner => usize::from(self.buffer.is_all_done()),\n",
                to: "            Role::Joiner => usize::from(self.buffer.is_all_done()),
            Role::Putter => self.buffer.capacity() - self.buffer.qsize(),
",
                by: "loom/pile.rs::close_releases_all_putters",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a joiner does not wake the next",
                from: "Role::Joiner => usize::from(self.buffer.is_all_done()),",
                to: "Role::Joiner => 0,",
                by: "loom/ring.rs::every_joiner_is_woken",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who panics does not pass its wake on",
                from: "        if self.at_hand() != 0 {
            self.sleepers()",
                to: "        if !std::thread::panicking() && self.at_hand() != 0 {
            self.sleepers()",
                by: "loom/pile.rs::a_getter_that_panics_wakes_the_next",
                says: "a lost wake-up",
            },
            Mutant {
                name: "one who has waited for an item sleeps among the putters",
                from: "            Role::Getter => &flow.not_empty,\n",
                to: "            Role::Getter => &flow.not_full,\n",
                by: "loom/ring.rs::items_go_through_segments",
                says: "a lost wake-up",
            },
        ],
    ),
    (
        "raw/ring.rs",
        &[
            Mutant {
                name: "an item wakes before it is published",
                from: "        self.put.position.store(put.position, Release);
        drop(put);
        self.flow.items_came();
",
                to: "        self.flow.items_came();
        self.put.position.store(put.position, Release);
        drop(put);
",
                by: "loom/ring.rs::items_go_through_segments",
                says: "a lost wake-up",
            },
            Mutant {
                name: "what a close drains is not done",
                from: "        self.finish(drained.len() as u64);\n",
                to: "",
                by: "loom/ring.rs::close_lets_joiners_go",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a close wakes nobody",
                from: "        self.flow.wake_both();\n",
                to: "",
                by: "loom/ring.rs::close_releases_a_getter",
                says: "a lost wake-up",
            },
            Mutant {
                name: "one item more than there are slots",
                from: "load(Acquire).wrapping_add(self.store.capacity());",
                to: "load(Acquire).wrapping_add(self.store.capacity() + 1);",
                by: "museum/queues_model.rs::no_item_has_two_owners",
                says: "Causality violation",
            },
            Mutant {
                name: "the size is that of two moments",
                from: "            if self.put.position.load(Relaxed) == tail {\n",
                to: "            {\n",
                by: "loom/ring.rs::qsize_is_never_below_zero",
                says: "assertion failed",
            },
            Mutant {
                name: "the last task wakes who joins only if it is the last of a batch",
                from: "                if now == tail {\n",
                to: "                if now == tail && most > 1 {\n",
                by: "loom/ring.rs::join_waits_for_the_task",
                says: "a lost wake-up",
            },
            Mutant {
                name: "all is done if as many are done as were put before",
                from: "        let done = self.done.0.load(Acquire);
        // Relaxed: as in `finish`.
        self.put.position.load(Relaxed) == done
",
                to: "        let tail = self.put.position.load(Relaxed);
        self.done.0.load(Acquire) == tail
",
                by: "loom/ring.rs::one_of_two_that_is_done_is_not_all",
                says: "assertion failed: !ring.is_all_done()",
            },
            Mutant {
                name: "what is put while one looks at what is done counts as unfinished",
                from: "            if self.done.0.load(Relaxed) == done {\n",
                to: "            if true {\n",
                by: "loom/ring.rs::no_more_are_unfinished_than_ever_were",
                says: "assertion failed: ring.unfinished() <= 1",
            },
            Mutant {
                name: "a getter looks whether it is closed before it looks for an item",
                from: "        if self.has_items(&mut get, 1) != 0 {
            Ok(RingStock { ring: self, get })
        } else if self.flow.is_closed() {
            Err(Refused::Closed)
        } else {
",
                to: "        if self.flow.is_closed() {
            Err(Refused::Closed)
        } else if self.has_items(&mut get, 1) != 0 {
            Ok(RingStock { ring: self, get })
        } else {
",
                by: "museum/queues_model.rs::no_item_is_lost_to_a_close",
                says: "the item is lost",
            },
            Mutant {
                name: "a close empties the ring when its sides are free again",
                from: "        let drained = if immediate { self.take_many(&mut get, usize::MAX) } else { Vec::new() };
        drop(get);
        drop(put);
",
                to: "        drop(get);
        drop(put);
        let drained = if immediate { self.take_many(&mut self.get.side.acquire(), usize::MAX) } else { Vec::new() };
",
                by: "loom/ring.rs::who_sees_that_it_was_emptied_finds_nothing",
                says: "`left == right` failed",
            },
            Mutant {
                name: "a ring is closed before its sides are held",
                from: "        let put = self.put.side.acquire();
        let mut get = self.get.side.acquire();
        self.flow.close();
",
                to: "        self.flow.close();
        let put = self.put.side.acquire();
        let mut get = self.get.side.acquire();
",
                by: "museum/queues_model.rs::no_item_is_lost_to_a_close",
                says: "the item is lost",
            },
            Mutant {
                name: "a putter looks whether it is closed before it has the side",
                from: "        let mut put = self.put.lock(deadline).ok_or(Refused::NotNow)?;
        if self.flow.is_closed() {
",
                to: "        let closed = self.flow.is_closed();
        let mut put = self.put.lock(deadline).ok_or(Refused::NotNow)?;
        if closed {
",
                by: "museum/queues_model.rs::no_item_outlives_a_close_unseen",
                says: "`left == right` failed",
            },
        ],
    ),
    (
        "raw/ring/side.rs",
        &[
            Mutant {
                name: "room wakes before it is published",
                from: "        self.ring.get.position.store(self.get.position, Release);
        drop(self.get);
        self.ring.flow.items_went();
        item
",
                to: "        self.ring.flow.items_went();
        self.ring.get.position.store(self.get.position, Release);
        item
",
                by: "loom/ring.rs::items_go_through_one_slot",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a batch goes on where there is no room",
                from: "while items.len() != 0 && self.ring.has_room(&mut self.put) {",
                to: "while items.len() != 0 {",
                by: "loom/ring.rs::many_at_once_are_conserved",
                says: "`left == right` failed",
            },
        ],
    ),
    (
        "raw/ring/segments.rs",
        &[Mutant {
            name: "a segment is the spare before the get side has left it",
            from: "            // No segment is wanted after one that goes round.\n",
            to: "            let empty = next;\n",
            by: "loom/ring.rs::a_segment_comes_again",
            says: "(signal: ",
        }],
    ),
    (
        "raw/pile.rs",
        &[
            Mutant {
                name: "a pile is closed when its lock is another's",
                from: "        self.flow.close();
        let mut count = 0;
        if immediate {
            mem::swap(&mut state.items, &mut drained);
            count = self.qsize();
            self.note_length(0);
        }
        self.finish(state, count as u64);
",
                to: "        let mut count = 0;
        if immediate {
            mem::swap(&mut state.items, &mut drained);
            count = self.qsize();
            self.note_length(0);
        }
        self.finish(state, count as u64);
        self.flow.close();
",
                by: "loom/pile.rs::close_releases_a_putter",
                says: "`left == right` failed",
            },
            Mutant {
                name: "a close that panics has closed",
                from: "        // First: it is the user's, and may panic.\n",
                to: "        self.flow.close();\n",
                by: "raw/pile.rs::a_close_that_panics_changes_nothing",
                says: "assertion failed: !pile.is_closed()",
            },
            Mutant {
                name: "a batch that panics tells nobody of its items",
                from: "        self.0.items_came();\n",
                to: "        if !std::thread::panicking() {
            self.0.items_came();
        }
",
                by: "loom/pile.rs::a_batch_that_panics_wakes_a_getter",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who takes does not note what is left",
                from: "        self.note_length(self.qsize() - 1);\n",
                to: "",
                by: "prop/queue.rs::a_lifo_queue_does_as_its_model",
                says: "`left == right` failed",
            },
            Mutant {
                name: "an item is no task",
                from: "        state.unfinished += 1;\n",
                to: "",
                by: "queue/queue.rs::running_join_waits_for_every_task",
                says: "TooManyTaskDone",
            },
            Mutant {
                name: "who is not the last to be done wakes who joins, and the last does not",
                from: "let all = state.unfinished == 0;",
                to: "let all = state.unfinished != 0;",
                by: "loom/pile.rs::join_waits_for_the_task",
                says: "a lost wake-up",
            },
        ],
    ),
    (
        "raw/fuse.rs",
        &[
            Mutant {
                name: "a cut does not end the wait",
                from: "        if charge.is_some() {
            self.stage.advance(FINISHED);
        }
",
                to: "",
                by: "loom/fuse.rs::a_cancel_ends_the_wait",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who burns a fuse returns before the charge is cut off for good",
                from: "            self.stage.wait_past(BURNING, None);
        }
",
                to: "        }\n",
                by: "loom/fuse.rs::once_its_thread_has_ended_it_is_finished",
                says: "assertion failed: timer.is_finished()",
            },
            Mutant {
                name: "a fuse is finished before it has gone off",
                from: "            let _finish = Finish(&self.stage);
            fire(charge);
",
                to: "            drop(Finish(&self.stage));
            fire(charge);
",
                by: "loom/fuse.rs::it_calls_unless_it_is_cancelled_in_time",
                says: "assertion failed: !self.fuse.is_finished()",
            },
            Mutant {
                name: "a cut says finished of a charge that goes off",
                from: "        if charge.is_some() {\n",
                to: "        {\n",
                by: "loom/fuse.rs::it_calls_unless_it_is_cancelled_in_time",
                says: "assertion failed: !self.fuse.is_finished()",
            },
            Mutant {
                name: "a charge that panics is never finished",
                from: "            let _finish = Finish(&self.stage);
            fire(charge);
",
                to: "            fire(charge);
            drop(Finish(&self.stage));
",
                by: "threading/timer.rs::a_timer_whose_call_panics_is_finished",
                says: "assertion failed: timer.is_finished()",
            },
        ],
    ),
    (
        "raw/stage.rs",
        &[
            Mutant {
                name: "a stage is left in two steps",
                from: "if self.word.swap(next, Release) & AWAITED != 0 {",
                to: "let awaited = self.word.load(Relaxed);
        self.word.store(next, Release);
        if awaited & AWAITED != 0 {",
                by: "loom/thread.rs::the_native_id_is_there_at_the_first_step",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a stage with a mark is another stage",
                from: "self.word.load(Acquire) & !AWAITED\n",
                to: "self.word.load(Acquire)\n",
                by: "loom/thread.rs::two_who_ask_for_the_native_id",
                says: "`left == right` failed",
            },
        ],
    ),
    (
        "raw/thread.rs",
        &[
            Mutant {
                name: "a thread does not say that it has ended",
                from: "move || ending.life.advance(ENDED)",
                to: "move || drop(ending)",
                by: "museum/freed_memory.rs::a_thread_touches_nothing_that_was_freed_once_it_was_found_done",
                says: "hang",
            },
            Mutant {
                name: "who has reaped a thread does not say so",
                from: "            reaping.advance(REAPED);\n",
                to: "",
                by: "loom/thread.rs::a_join_sees_what_the_thread_did",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a joiner does not wait for the one who asks the system",
                from: "Ok(reaping.wait_past(CLAIMED, deadline))",
                to: "Ok(reaping.get() != UNCLAIMED)",
                by: "loom/thread.rs::two_joiners_come_to_the_end",
                says: "Causality violation",
            },
            Mutant {
                name: "a thread does not tell its number",
                from: "    record.native_id.advance(native_id);\n",
                to: "",
                by: "loom/thread.rs::the_native_id_is_there_at_the_first_step",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a joiner with a deadline claims before the end",
                from: "if deadline.is_some() && !record.life.wait_past(RUNNING, deadline) {",
                to: "if deadline.is_some() && !record.life.wait_past(ENDED, deadline) {",
                by: "raw/thread.rs::a_join_that_is_late_leaves_the_thread_alive",
                says: "hang",
            },
        ],
    ),
    (
        "sys/lazy.rs",
        &[
            Mutant {
                name: "who comes second keeps its own number",
                from: "                Ok(other)\n",
                to: "                Ok(ours + other - other)\n",
                by: "loom/lazy.rs::everybody_has_what_one_has_made",
                says: "assertion failed",
            },
            Mutant {
                name: "who comes second does not undo its own",
                from: "                undo(ours);\n",
                to: "                let _ = &undo;\n",
                by: "loom/lazy.rs::three_have_what_one_has_made",
                says: "`left == right` failed",
            },
            Mutant {
                name: "a number is stored over another's",
                from: "match self.0.compare_exchange(0, ours, Release, Acquire) {",
                to: "match Ok::<u64, u64>(self.0.swap(ours, Release)) {",
                by: "loom/lazy.rs::everybody_has_what_one_has_made",
                says: "`left == right` failed",
            },
        ],
    ),
    (
        "raw/local.rs",
        &[
            Mutant {
                name: "an id is known before it is alive",
                from: "        let Ok(id) = own.get(|| Ok::<_, Infallible>(self.give()), |id| self.take_back(id));
        id
",
                to: "        let Ok(id) = own.get(|| Ok::<_, Infallible>(self.give()), |_| ());
        self.live.acquire().ids.insert(id);
        id
",
                by: "loom/local.rs::two_threads_find_one_id_which_is_alive",
                says: "assertion failed",
            },
            Mutant {
                name: "a retirement is counted before the id is gone",
                from: "        let mut live = self.live.acquire();
        live.ids.remove(&id);
        // Relaxed: see Order.
        self.retired.fetch_add(1, Relaxed);
",
                to: "        self.retired.fetch_add(1, Relaxed);
        self.live.acquire().ids.remove(&id);
",
                by: "loom/local.rs::who_sees_a_retirement_finds_the_id_gone",
                says: "assertion failed",
            },
            Mutant {
                name: "the id of who came second stays alive",
                from: "|id| self.take_back(id));",
                to: "|_| ());",
                by: "loom/local.rs::two_threads_find_one_id_which_is_alive",
                says: "assertion failed",
            },
        ],
    ),
    (
        "raw/brief.rs",
        &[
            Mutant {
                name: "who leaves gives its permit back before the lock",
                from: "        lock.release_held();\n        self.leave();\n",
                to: "        self.leave();\n        lock.release_held();\n",
                by: "loom/brief.rs::a_fork_finds_nobody_inside",
                says: "a child would find a lock held",
            },
            Mutant {
                name: "who leaves a further lock gives its permit back",
                from: "        if inside == 1 {\n",
                to: "        if inside >= 1 {\n",
                by: "loom/brief.rs::a_further_lock_is_had_while_a_fork_waits",
                says: "a child would find a lock held",
            },
            Mutant {
                name: "who has found the gate shut counts as inside",
                from: "            OWN.with(|own| own.inside.set(0));\n",
                to: "",
                by: "loom/brief.rs::an_attempt_that_fails_at_the_gate_leaves_nothing_behind",
                says: "assertion failed: !process.gate.try_acquire(lock)",
            },
            Mutant {
                name: "who has found the lock held stays inside",
                from: "self.entered(lock.try_acquire())",
                to: "lock.try_acquire()",
                by: "loom/brief.rs::an_attempt_that_fails_at_the_lock_leaves_nothing_behind",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who forks inside waits for itself",
                from: "        if Own::comes_in() {\n",
                to: "        if Own::comes_in() || true {\n",
                by: "loom/brief.rs::who_is_inside_forks_without_waiting",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who has forked keeps the permits",
                from: "inside == 0 && OWN.with(|own| own.has_all.replace(false)) {\n            self.permits.put_back(ALL);\n",
                to: "inside == 0 && OWN.with(|own| own.has_all.replace(false)) {\n",
                by: "loom/brief.rs::a_fork_finds_nobody_inside",
                says: "a lost wake-up",
            },
            Mutant {
                name: "who has forked keeps others from forking",
                from: "            self.fork.release_held();\n        }\n        // Last",
                to: "        }\n        // Last",
                by: "loom/brief.rs::two_fork_one_after_the_other",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a fork between the handlers lets others in",
                from: "if inside == 0 && OWN.with",
                to: "if OWN.with",
                by: "loom/brief.rs::between_the_handlers_the_thread_goes_inside_and_forks_and_nobody_else_does",
                says: "Causality violation",
            },
            Mutant {
                name: "every child is one that was forked inside",
                from: "        let off = if OWN.with(|own| own.has_all.get()) { 0 } else { OFF };\n",
                to: "        let off = OFF;\n",
                by: "loom/brief.rs::a_child_goes_on_as_its_parent",
                says: "Causality violation",
            },
            Mutant {
                name: "a child of a fork that did not wait has its parent's permits",
                from: "            // Others may have been inside, or about to fork, who are not here.\n            self.permits.put_back(ALL);\n",
                to: "",
                by: "loom/brief.rs::in_a_child_who_waited_goes_inside",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a child of a fork that did not wait has its parent's fork",
                from: "            // and by the one thread that has looked before, and collects what has been put back.\n            self.fork.release_held();\n",
                to: "",
                by: "loom/brief.rs::in_a_child_who_waited_forks",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a child that nobody told waits for its parent's threads",
                from: "            self.adopt();\n            self.fork.acquire();\n",
                to: "            self.fork.acquire();\n",
                by: "loom/brief.rs::in_a_child_that_was_not_told_two_fork",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a child that nobody told stands before a gate that is shut",
                from: "        if Self::is_outside() && !self.permits.try_acquire(1) {\n            self.adopt();\n",
                to: "        if Self::is_outside() && !self.permits.try_acquire(1) {\n",
                by: "loom/brief.rs::in_a_child_that_was_not_told_one_goes_inside",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a child that nobody told never waits",
                from: "let some_miss = is_stuck || self.permits.value() != ALL;",
                to: "let some_miss = true;",
                by: "loom/brief.rs::in_a_child_that_was_not_told_a_fork_waits",
                says: "Causality violation",
            },
            Mutant {
                name: "a child that nobody told forgets what its parent was",
                from: "let off = if some_miss { OFF } else { seen & OFF };",
                to: "let off = if some_miss { OFF } else { 0 };",
                by: "loom/brief.rs::in_a_child_that_was_not_told_of_one_forked_inside_a_fork_waits_for_nobody",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a child that was told takes itself for one that was not",
                from: "        self.process.store(process_id() | off, Relaxed);\n",
                to: "        self.process.fetch_or(off, Relaxed);\n",
                by: "loom/brief.rs::a_child_goes_on_as_its_parent",
                says: "Causality violation",
            },
            Mutant {
                name: "who has waited to fork does not look where it is",
                from: "            if self.process.load(Relaxed) & OFF == 0 {\n",
                to: "            if true {\n",
                by: "loom/brief.rs::in_a_child_who_waited_forks",
                says: "a lost wake-up",
            },
            Mutant {
                name: "a fork that does not wait keeps the others waiting",
                from: "            } else {\n                self.fork.release_held();\n            }\n",
                to: "            }\n",
                by: "loom/brief.rs::in_a_child_that_was_forked_inside_a_fork_waits_for_nobody",
                says: "a lost wake-up",
            },
        ],
    ),
];
