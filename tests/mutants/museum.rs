//! The bugs of the museum's rows (docs/museum.md) that are a change of the text; then those of forks and of pthread's
//! backend.

use crate::{Mutant, Mutants};

pub(crate) const TABLE: &[Mutants] = &[
    (
        "sys/loom/kernel.rs",
        &[Mutant {
            name: "the kernel compares a word before it has the queue",
            from: "    let ticket = kernel(|kernel| kernel.enqueue(For::AWakeAt(address, bitset), timed));
",
            to: "    mark(address);
    let ticket = kernel(|kernel| kernel.enqueue(For::AWakeAt(address, bitset), timed));
",
            by: "loom/litmus.rs::a_wake_after_the_change_is_not_lost_and_one_before_it_is",
            says: "a lost wake-up: every thread sleeps for ever",
        }],
    ),
    (
        "raw/event.rs",
        &[Mutant {
            name: "who sets waits until no waiter holds the word",
            from: "        // Release: pairs with Acquire in `wait_until`, `is_set` and `clear`. For I3 it is no load and no plain store.
",
            to: "        while self.word.load(Relaxed) & WAITERS != 0 {
            core::hint::spin_loop();
        }
",
            by: "raw/event.rs::a_signal_handler_may_set",
            says: "hang",
        }],
    ),
    (
        "raw/thread.rs",
        &[
            Mutant {
                name: "a thread has its record by address, not by a count",
                from: "    let ending = Arc::clone(&record);
    let stack_size = options.stack_size;
    let argument = (f, options, Arc::clone(&record));
    // SAFETY: by our caller.
    let started = unsafe { thread::start(stack_size, run, argument, move || ending.life.advance(ENDED)) };
",
                to: "    let ending = Arc::as_ptr(&record).expose_provenance();
    let stack_size = options.stack_size;
    let argument = (f, options, Arc::clone(&record));
    let ending = move || {
        // SAFETY: none.
        let ending = unsafe { &*core::ptr::with_exposed_provenance::<Record>(ending) };
        ending.life.advance(ENDED);
    };
    // SAFETY: by our caller.
    let started = unsafe { thread::start(stack_size, run, argument, ending) };
",
                by: "museum/freed_memory.rs::a_thread_touches_nothing_that_was_freed_once_it_was_found_done",
                says: "unix_wait_status(11)",
            },
            Mutant {
                name: "a thread says that it has ended before its destructors run",
                from: "    drop(record);
    if let Err(payload) = thread::contain(f) {
        discard(payload);
    }
",
                to: "    if let Err(payload) = thread::contain(f) {
        discard(payload);
    }
    record.life.advance(ENDED);
",
                by: "raw/thread.rs::thread_local_destructors_run_before_a_join_returns_and_before_the_thread_is_done",
                says: "assertion `left == right` failed",
            },
            Mutant {
                name: "a joiner relies on being the only one",
                from: "        if reaping.claim(UNCLAIMED, CLAIMED) {\n",
                to: "        assert_ne!(reaping.get(), CLAIMED, \"another joins\");
        if reaping.claim(UNCLAIMED, CLAIMED) {
",
                by: "loom/thread.rs::two_joiners_come_to_the_end",
                says: "another joins",
            },
            Mutant {
                name: "a join that is late marks the end",
                from: "            return Ok(false);\n",
                to: "            record.life.advance(ENDED);
            return Ok(false);
",
                by: "raw/thread.rs::a_join_that_is_late_leaves_the_thread_alive",
                says: "hang",
            },
            Mutant {
                name: "a thread whose handles are gone is not detached",
                from: "        if self.reaping.get() != REAPED && !self.stayed_behind() {\n",
                to: "        if false && self.reaping.get() != REAPED && !self.stayed_behind() {\n",
                by: "raw/thread.rs::threads_that_nobody_joins_are_not_kept",
                says: "failed",
            },
            Mutant {
                name: "a thread that stayed behind is joined",
                from: "        if self.0.stayed_behind() {
            return Ok(true);
        }
",
                to: "",
                by: "faults/fork.rs::a_thread_counts_as_gone_and_one_that_is_not_started_can_be",
                says: "x",
            },
            Mutant {
                name: "a thread that stayed behind runs",
                from: "self.0.record.life.get() != RUNNING || self.0.stayed_behind()",
                to: "self.0.record.life.get() != RUNNING",
                by: "faults/fork.rs::a_thread_counts_as_gone_and_one_that_is_not_started_can_be",
                says: "x",
            },
        ],
    ),
    (
        "threading/scope.rs",
        &[Mutant {
            name: "a thread of a scope forgets its share of the result",
            from: "                if own.acquire().has_panic() {
                    *unclaimed.acquire() += 1;
                }
",
            to: "                if own.acquire().has_panic() {
                    *unclaimed.acquire() += 1;
                }
                std::mem::forget(own);
",
            by: "threading/thread.rs::a_result_that_borrows_is_dropped_within_the_scope",
            says: "`left == right` failed",
        }],
    ),
    (
        "raw/scope.rs",
        &[Mutant {
            name: "a scope keeps no list of its threads",
            from: "        threads.push(thread.clone());\n",
            to: "",
            by: "museum/threads.rs::a_forgotten_scoped_handle_is_waited_for_all_the_same",
            says: "`left == right` failed",
        }],
    ),
    (
        "sys/linux.rs",
        &[
            Mutant {
                name: "a wake reads the word",
                from: "    match (count, shared || bitset != MATCH_ANY) {\n",
                to: "    // SAFETY: none.
    unsafe { &*word }.load(core::sync::atomic::Ordering::Relaxed);
    match (count, shared || bitset != MATCH_ANY) {
",
                by: "raw/futex.rs::a_wake_at_a_word_that_is_gone_is_harmless",
                says: "SIGSEGV",
            },
            Mutant {
                name: "a sleeper has all bits",
                from: "            bitset,\n        )\n",
                to: "            MATCH_ANY,\n        )\n",
                by: "raw/futex.rs::a_private_wake_passes_by_those_without_its_bits",
                says: "panicked",
            },
            Mutant {
                name: "an interrupted wait begins its timeout again",
                from: "    result == 0 || errno() != libc::ETIMEDOUT\n",
                to: "    if result != 0 && errno() == libc::EINTR && deadline.is_some() {
        return wait(word, expected, Deadline::after(core::time::Duration::from_millis(100)), shared, bitset);
    }
    result == 0 || errno() != libc::ETIMEDOUT
",
                by: "museum/timeouts.rs::a_signal_every_millisecond_does_not_begin_a_timeout_again",
                says: "hang",
            },
            Mutant {
                name: "a timed wait looks until its deadline",
                from: "    let until = deadline.map(Deadline::timespec);\n",
                to: "    if let Some(deadline) = deadline {
        while !deadline.passed() && word.load(core::sync::atomic::Ordering::Relaxed) == expected {}
    }
    let until = deadline.map(Deadline::timespec);
",
                by: "raw/lock.rs::waiting_uses_no_cpu",
                says: "panicked at tests/raw/lock.rs",
            },
            Mutant {
                name: "a timed wait is late whatever ended it",
                from: "    result == 0 || errno() != libc::ETIMEDOUT\n",
                to: "    deadline.is_none()\n",
                by: "raw/futex.rs::no_wake_is_spent_on_a_wait_that_gives_up",
                says: "hang",
            },
        ],
    ),
    (
        "raw/buffer.rs",
        &[
            Mutant {
                name: "a shutdown wakes no putter",
                from: "        self.not_full.wake_all();\n",
                to: "",
                by: "queue/queue.rs::a_shutdown_wakes_every_blocked_role",
                says: "hang",
            },
            Mutant {
                name: "of a batch that was put in part one item is lost",
                from: "return Err((why, items.collect())),",
                to: "return Err((why, items.skip(1).collect())),",
                by: "queue/queue.rs::every_item_is_in_one_place",
                says: "`left == right` failed",
            },
        ],
    ),
    (
        "raw/buffer/passage.rs",
        &[Mutant {
            name: "each wait leaves 128 bytes behind",
            from: "        let mut done = None;\n",
            to: "        let mut done = None;
        core::mem::forget(core::hint::black_box(Box::new([0u8; 128])));
",
            by: "queue/queue.rs::waits_in_vain_leave_no_trace",
            says: "`left == right` failed",
        }],
    ),
    (
        "raw/sleepers.rs",
        &[Mutant {
            name: "a wait takes the token of std's park",
            from: "            let woken = self.word.wait_bitset(",
            to: "            std::thread::park_timeout(Duration::from_micros(1));
            let woken = self.word.wait_bitset(",
            by: "museum/timeouts.rs::no_wait_takes_the_park_token",
            says: "hang",
        }],
    ),
    (
        "raw/lock.rs",
        &[Mutant {
            name: "a wait for the lock has no deadline",
            from: "self.sleepers.sleep(deadline, true, attempt)",
            to: "self.sleepers.sleep(None, true, attempt)",
            by: "museum/processes.rs::a_killed_holder_does_not_outlast_a_deadline",
            says: "hang",
        }],
    ),
    (
        "sys/thread.rs",
        &[
            Mutant {
                name: "an assertion that a release leaves out does the work",
                from: "        let failed = unsafe { libc::pthread_detach(self.0) };
        debug_assert_eq!(failed, 0, \"a thread could not be detached\");
",
                to: "        debug_assert_eq!(unsafe { libc::pthread_detach(self.0) }, 0, \"a thread could not be detached\");\n",
                by: "museum/rules.rs::an_assertion_that_a_release_leaves_out_only_looks",
                says: "src/sys/thread.rs",
            },
            Mutant {
                name: "a thread has ended before the destructors of its pthread keys",
                from: "const ROUNDS: u32 = 3;",
                to: "const ROUNDS: u32 = 1;",
                by: "raw/thread.rs::destructors_of_pthread_keys_run_before_the_thread_is_done",
                says: "panicked",
            },
        ],
    ),
    (
        "raw/ring/segments.rs",
        &[
            Mutant {
                name: "a segment is freed and kept as the spare",
                from: "else { (empty, ptr::null_mut()) };",
                to: "else { (empty, empty) };",
                by: "museum/freed_memory.rs::no_segment_is_touched_after_it_was_freed",
                says: "unix_wait_status(11)",
            },
            Mutant {
                name: "a segment is built on the stack first",
                from: "        let layout = Self::layout(length);
        // SAFETY: the layout has a head",
                to: "        let on_stack = MaybeUninit::<[Slot<T>; 31]>::uninit();
        core::hint::black_box(&on_stack);
        let layout = Self::layout(length);
        // SAFETY: the layout has a head",
                by: "queue/queue.rs::big_items_do_not_overflow_a_small_stack",
                says: "overflow",
            },
        ],
    ),
    (
        "raw/ring.rs",
        &[
            Mutant {
                name: "a ring that is dropped in a panic keeps its items",
                from: "        self.get.side.take_back();\n",
                to: "        if std::thread::panicking() {
            return;
        }
        self.get.side.take_back();
",
                by: "museum/queues.rs::a_consumer_that_panics_takes_the_items_with_it",
                says: "`left == right` failed",
            },
            Mutant {
                name: "the drop of a ring waits for a side that was forgotten",
                from: "drop((self.0.put.side.try_acquire(), self.0.get.side.try_acquire()));",
                to: "drop((self.0.put.side.acquire(), self.0.get.side.acquire()));",
                by: "museum/queues.rs::a_forgotten_side_leaves_no_slot_and_does_not_stop_the_drop",
                says: "hang",
            },
            Mutant {
                name: "the room is reckoned by a sum",
                from: "        if put.position == put.limit {\n",
                to: "        if put.position + self.store.capacity() >= put.limit {\n",
                by: "museum/queues.rs::every_capacity_can_be_asked_for",
                says: "attempt to add with overflow",
            },
            Mutant {
                name: "the drop of a ring leaves out its items",
                from: "                while get.position != tail {\n",
                to: "                while get.position != tail && false {\n",
                by: "queue/queue.rs::a_dropped_queue_drops_its_items",
                says: "`left == right` failed",
            },
            Mutant {
                name: "a side is waited for without the deadline",
                from: "        if S::SHARED { self.side.acquire_until(deadline) } else { Some(self.side.acquire()) }\n",
                to: "        let _ = deadline;
        Some(self.side.acquire())
",
                by: "museum/processes.rs::a_deadline_covers_a_side_whose_holder_was_killed",
                says: "hang",
            },
            Mutant {
                name: "who only tries gives up before a side that was granted to nobody may be had",
                from: "Deadline::after(Duration::from_millis(2)) } else { None }",
                to: "Deadline::after(Duration::from_millis(1)) } else { None }",
                by: "raw/ring.rs::one_who_only_tries_has_a_side_that_was_handed_to_nobody",
                says: "hang",
            },
        ],
    ),
    (
        "sys/deadline.rs",
        &[
            Mutant {
                name: "a moment is reckoned modulo 2^64",
                from: "
            let timeout = u64::try_from(timeout.as_nanos()).ok()?;
            let nanoseconds = Self::now().nanoseconds.checked_add(timeout)?;
",
                to: "
            let timeout = timeout.as_nanos() as u64;
            let nanoseconds = NonZeroU64::new(Self::now().nanoseconds.get().wrapping_add(timeout))?;
",
                by: "museum/timeouts.rs::the_longest_timeouts_are_waited_out_by_every_method",
                says: "did not wait for",
            },
            Mutant {
                name: "deadlines are by the clock on the wall",
                from: "libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now)",
                to: "libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now)",
                by: "museum/rules.rs::what_is_excluded_is_not_there",
                says: "REALTIME",
            },
        ],
    ),
    (
        "threading/condition.rs",
        &[Mutant {
            name: "a predicate is not asked once the time has passed",
            from: "            if predicate(guard) {
                return true;
            }
            if !notified {
                return false;
            }
",
            to: "            if !notified {
                return false;
            }
            if predicate(guard) {
                return true;
            }
",
            by: "threading/condition.rs::a_predicate_that_holds_when_the_time_has_passed_wins",
            says: "assertion failed",
        }],
    ),
    (
        "sys/identity.rs",
        &[
            Mutant {
                name: "the futex's handlers of a fork may come before those that use it",
                from: "    super::system::watch_forks()?;\n",
                to: "",
                by: "pthread faults/fork.rs::a_fork_waits_for_who_has_a_lock_of_the_crates_own",
                says: "hang",
            },
            Mutant {
                name: "a process that is bound to one CPU does not know it",
                from: "        CPUS.store(cpus, Relaxed);\n    }\n    cpus\n",
                to: "        CPUS.store(cpus, Relaxed);\n    }\n    cpus + 1\n",
                by: "raw/thread.rs::a_process_that_is_bound_to_one_cpu_knows_it",
                says: "panicked",
            },
            Mutant {
                name: "a fork is not counted",
                from: "        FORKS.fetch_add(1, Relaxed);\n",
                to: "",
                by: "museum/threads.rs::a_forked_child_is_stopped_only_by_what_was_held",
                says: "the child failed",
            },
            Mutant {
                name: "a name is cut at 64 bytes",
                from: "const NAME_BYTES: usize = 15;",
                to: "const NAME_BYTES: usize = 64;",
                by: "raw/thread.rs::the_system_shows_the_first_15_bytes_of_a_name_cut_at_a_character",
                says: "`left == right` failed",
            },
            Mutant {
                name: "who forks is not the main thread of the child",
                from: "        MAIN.store(ident(), Relaxed);\n",
                to: "",
                by: "threading/thread.rs::in_a_forked_child_who_forked_is_main_and_alone_and_may_start_threads",
                says: "failed",
            },
            Mutant {
                name: "a child has its parent's number of the thread",
                from: "        NATIVE_ID.set(0);\n",
                to: "",
                by: "raw/rlock.rs::a_forked_child_owns_its_copy_of_a_private_lock_but_not_a_shared_one",
                says: "failed",
            },
            Mutant {
                name: "a child counts its parent's threads",
                from: "        forget_other_threads();\n",
                to: "",
                by: "threading/thread.rs::in_a_forked_child_who_forked_is_main_and_alone_and_may_start_threads",
                says: "failed",
            },
        ],
    ),
    (
        "threading/exit.rs",
        &[Mutant {
            name: "the exit waits for daemons too",
            from: "!entry.daemon && **ident != caller",
            to: "**ident != caller",
            by: "threading/exit.rs::an_exit_while_daemons_hold_locks_comes_to_its_end",
            says: "hang",
        }],
    ),
    (
        "threading/record.rs",
        &[Mutant {
            name: "a thread is listed before it has its ident",
            from: "        match create(options, Thread::of(Arc::clone(this))) {\n",
            to: "        drop(life);
        let created = create(options, Thread::of(Arc::clone(this)));
        let mut life = this.life.acquire();
        match created {
",
            by: "museum/threads.rs::whoever_is_listed_has_an_ident",
            says: "a listed thread without an ident",
        }],
    ),
    (
        "threading/barrier.rs",
        &[Mutant {
            name: "a barrier for nobody is one for one",
            from: "        assert!(parties > 0, \"a barrier for nobody\");\n",
            to: "",
            by: "threading/barrier.rs::a_barrier_for_nobody_panics",
            says: "panic",
        }],
    ),
    (
        "raw/barrier.rs",
        &[Mutant {
            name: "a cycle that is complete has no next generation",
            from: "    (phase | FLAGS).wrapping_add(1)\n",
            to: "    phase & !FLAGS\n",
            by: "raw/barrier.rs::nobody_leaves_before_all_have_come_and_the_action_has_run",
            says: "hang",
        }],
    ),
    (
        "raw/condition.rs",
        &[Mutant {
            name: "who notifies waits until each notification is taken",
            from: "        self.publish(&groups);
        given
",
            to: "        self.publish(&groups);
        drop(groups);
        while self.groups.acquire().signals != 0 {}
        given
",
            by: "museum/processes.rs::a_notification_does_not_wait_for_the_dead",
            says: "hang",
        }],
    ),
    (
        "raw/guarded.rs",
        &[
            Mutant {
                name: "to show what is locked waits for the lock",
                from: "match self.lock.try_acquire_quietly().then(|| self.guard()) {",
                to: "match Some(self.acquire()) {",
                by: "threading/lock.rs::debug_does_not_block",
                says: "hang",
            },
            Mutant {
                name: "a guard that is unwound does not release",
                from: "        unsafe { self.owner.lock.release() };\n",
                to: "        unsafe {
            if !std::thread::panicking() {
                self.owner.lock.release();
            }
        }
",
                by: "threading/lock.rs::a_panic_releases_the_lock_and_leaves_the_data",
                says: "on a `None` value",
            },
        ],
    ),
    (
        "raw/semaphore.rs",
        &[Mutant {
            name: "a release knows no limit",
            from: "self.raise(|seen| seen.checked_add(n).filter(|sum| *sum <= self.limit()))",
            to: "self.raise(|seen| seen.checked_add(n))",
            by: "raw/semaphore.rs::a_release_past_the_limit_changes_nothing",
            says: "`left == right` failed",
        }],
    ),
    (
        "threading/registry.rs",
        &[Mutant {
            name: "a child's registry has its parent's threads",
            from: "        registry.threads.retain(|ident, _| *ident == raw::main_ident());\n",
            to: "",
            by: "threading/thread.rs::in_a_forked_child_who_forked_is_main_and_alone_and_may_start_threads",
            says: "failed",
        }],
    ),
    (
        "raw/brief.rs",
        &[
            Mutant {
                name: "a fork waits for nobody",
                from: "self.permits.acquire_until(ALL, None);",
                to: "self.permits.try_acquire(ALL);",
                by: "faults/fork.rs::a_fork_waits_for_who_has_a_lock_of_the_crates_own",
                says: "hang",
            },
            Mutant {
                name: "the thread that forks is not inside",
                from: "        if Own::comes_in() {\n",
                to: "        if OWN.with(|own| own.inside.get()) == 0 {\n",
                by: "faults/fork.rs::a_handler_of_a_fork_may_use_the_crate_but_for_another_threads_work",
                says: "hang",
            },
            Mutant {
                name: "a further lock needs a further permit",
                from: "        let outside = Own::comes_in();\n",
                to: "        let outside = Own::comes_in() || true;\n",
                by: "faults/fork.rs::a_handler_of_a_fork_may_use_the_crate_but_for_another_threads_work",
                says: "hang",
            },
        ],
    ),
    (
        "sys/pthread.rs",
        &[
            Mutant {
                name: "a sleeper does not look at the word",
                from: "let changed = word.load(Relaxed) != expected;",
                to: "let changed = word.load(Relaxed) != expected && false;",
                by: "pthread raw/futex.rs::a_private_word_that_differs_is_not_waited_for",
                says: "hang",
            },
            Mutant {
                name: "a sleeper looks before it has the mutex",
                from: "        bucket.lock();
        // Relaxed: a change that a wake follows is ordered before us by the mutex.
        let changed = word.load(Relaxed) != expected;
",
                to: "        let changed = word.load(Relaxed) != expected;
        bucket.lock();
",
                by: "pthread raw/pthread.rs::a_change_and_a_wake_that_a_wait_did_not_see_are_seen_before_it_sleeps",
                says: "hang",
            },
            Mutant {
                name: "a sleeper is linked in the place of the others",
                from: "        link.set(sleeper);
",
                to: "        self.first.set(sleeper);
",
                by: "pthread raw/futex.rs::a_private_wake_of_so_many_wakes_so_many",
                says: "hang",
            },
            Mutant {
                name: "who is unlinked takes the younger ones along",
                from: "link.set(linked.next.get());",
                to: "link.set(ptr::null());",
                by: "pthread raw/futex.rs::a_private_wake_of_so_many_wakes_so_many",
                says: "hang",
            },
            Mutant {
                name: "a wake looks at the oldest of its bucket only",
                from: "            link = &linked.next;
        }
    }
}

impl Sleeper",
                to: "            return None;
        }
    }
}

impl Sleeper",
                by: "pthread raw/futex.rs::a_wake_reaches_only_its_own_word",
                says: "hang",
            },
            Mutant {
                name: "a wake takes the oldest of its bucket",
                from: "sleeper.address == word.addr() && sleeper.bitset",
                to: "sleeper.bitset",
                by: "pthread raw/futex.rs::a_wake_reaches_only_its_own_word",
                says: "hang",
            },
            Mutant {
                name: "a wake looks at no bits",
                from: " && sleeper.bitset & bitset != 0;",
                to: " && (sleeper.bitset | bitset) != 0;",
                by: "pthread raw/futex.rs::a_private_wake_passes_by_those_without_its_bits",
                says: "panicked",
            },
            Mutant {
                name: "a wake of many wakes one",
                from: "    for _ in 0..count {
        let Some",
                to: "    for _ in 0..count.min(1) {
        let Some",
                by: "pthread raw/futex.rs::a_private_wake_of_so_many_wakes_so_many",
                says: "hang",
            },
            Mutant {
                name: "a wake of some wakes all",
                from: "    for _ in 0..count {
        let Some",
                to: "    loop {
        let Some",
                by: "pthread raw/futex.rs::a_private_wake_of_so_many_wakes_so_many",
                says: "`left == right` failed",
            },
            Mutant {
                name: "who is unlinked is not signalled",
                from: "let failed = unsafe { libc::pthread_cond_signal(sleeper.condition()) };",
                to: "let failed = 0;",
                by: "pthread raw/futex.rs::a_private_wake_of_so_many_wakes_so_many",
                says: "hang",
            },
            Mutant {
                name: "who is signalled is not told that it is a wake",
                from: "        sleeper.woken.set(true);
",
                to: "",
                by: "pthread raw/pthread.rs::who_is_woken_before_its_deadline_does_not_give_up_at_it",
                says: "a wake was spent on a wait that gave up",
            },
            Mutant {
                name: "a sleeper is signalled when the mutex is free",
                from: "        // SAFETY: the owner destroys the condition only after it has held the mutex, which is ours (I2).
        let failed = unsafe { libc::pthread_cond_signal(sleeper.condition()) };
        debug_assert_eq!(failed, 0);
    }
    bucket.unlock();
",
                to: "        bucket.unlock();
        let failed = unsafe { libc::pthread_cond_signal(sleeper.condition()) };
        debug_assert_eq!(failed, 0);
        bucket.lock();
    }
    bucket.unlock();
",
                by: "pthread raw/pthread.rs::a_sleeper_is_signalled_under_a_mutex",
                says: "a signal by a thread that has no mutex",
            },
            Mutant {
                name: "who gives up stays linked",
                from: "                bucket.unlink(|linked| ptr::eq(linked, self));
",
                to: "",
                by: "pthread raw/futex.rs::a_wait_that_gives_up_takes_no_wake_from_an_older_or_a_younger_one",
                says: "hang",
            },
            Mutant {
                name: "who gives up unlinks an older one",
                from: "bucket.unlink(|linked| ptr::eq(linked, self));",
                to: "bucket.unlink(|linked| linked.address == self.address);",
                by: "pthread raw/futex.rs::a_wait_that_gives_up_takes_no_wake_from_an_older_or_a_younger_one",
                says: "hang",
            },
            Mutant {
                name: "who was woken at its deadline says that it gave up",
                from: "        changed || woken
",
                to: "        changed || woken && deadline.is_none()
",
                by: "pthread raw/pthread.rs::who_is_woken_before_its_deadline_does_not_give_up_at_it",
                says: "a wake was spent on a wait that gave up",
            },
            Mutant {
                name: "who gives up says that it was woken",
                from: "    woken || !deadline.is_some_and(Deadline::passed)
",
                to: "    woken || true
",
                by: "pthread raw/futex.rs::a_private_wait_gives_up_at_its_deadline_and_not_before",
                says: "hang",
            },
            Mutant {
                name: "a deadline is not waited for",
                from: "match deadline.map(Deadline::timespec) {",
                to: "match deadline.map(Deadline::timespec).filter(|_| false) {",
                by: "pthread raw/futex.rs::a_private_wait_gives_up_at_its_deadline_and_not_before",
                says: "hang",
            },
            Mutant {
                name: "a deadline is one of the wall clock",
                from: "libc::CLOCK_MONOTONIC) };
        must(failed",
                to: "libc::CLOCK_REALTIME) };
        must(failed",
                by: "pthread raw/futex.rs::a_private_wait_gives_up_at_its_deadline_and_not_before",
                says: "returns for no reason",
            },
            Mutant {
                name: "a shared wait does not look at the word",
                from: "    if word.load(Relaxed) != expected {
        return true;
    }
",
                to: "    let _ = (word, expected);
",
                by: "pthread raw/futex.rs::a_shared_word_that_differs_is_not_waited_for",
                says: "assertion failed",
            },
            Mutant {
                name: "a shared wait that gives up says that it did not",
                from: "    !deadline.is_some_and(Deadline::passed)
}",
                to: "    !deadline.is_some_and(|_| false)
}",
                by: "pthread raw/futex.rs::a_shared_wait_gives_up_at_its_deadline_and_not_before",
                says: "hang",
            },
            Mutant {
                name: "a fork does not take the mutexes",
                from: "            TABLE.iter().for_each(Bucket::lock);
",
                to: "",
                by: "pthread raw/pthread.rs::a_fork_has_the_mutexes_that_it_gives_back",
                says: "an unlock by a thread that has no mutex",
            },
            Mutant {
                name: "a parent keeps the mutexes",
                from: "            TABLE.iter().for_each(Bucket::unlock);
",
                to: "",
                by: "pthread raw/pthread.rs::a_fork_has_the_mutexes_that_it_gives_back",
                says: "failed",
            },
            Mutant {
                name: "a child has its parent's sleepers",
                from: "                bucket.first.set(ptr::null());
",
                to: "",
                by: "pthread faults/fork.rs::an_event_is_as_it_was_and_works",
                says: "the child failed",
            },
            Mutant {
                name: "a child has its parent's mutexes",
                from: "                bucket.first.set(ptr::null());
                bucket.unlock();
",
                to: "                bucket.first.set(ptr::null());\n",
                by: "pthread faults/fork.rs::an_event_is_as_it_was_and_works",
                says: "hang",
            },
        ],
    ),
];
