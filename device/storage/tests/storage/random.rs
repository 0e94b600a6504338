//! Random operations, remounts and cuts against the model.

use crate::harness::{Device, Model, Op, set};
use cdd_storage::{Error, WRITE_ONCE};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Event {
    Do(Op),
    Cut(Op, u64, u64, u64),
    Remount,
}

fn op() -> impl Strategy<Value = Op> {
    let length = prop_oneof![6 => 0..120usize, 2 => 120..900usize, 1 => 3000..=4096usize];
    prop_oneof![
        12 => (1..4u32, 1..7u64, length, any::<u8>()).prop_map(|(owner, uid, length, seed)| set(owner, uid, length, seed)),
        1 => (1..4u32, 7..8u64, any::<u8>()).prop_map(|(owner, uid, seed)| Op::Set { owner, uid, length: 9, seed, flags: WRITE_ONCE }),
        4 => (1..4u32, 1..8u64).prop_map(|(owner, uid)| Op::Remove { owner, uid }),
        6 => any::<u8>().prop_map(|seed| Op::Append { seed }),
        1 => (0..40u32).prop_map(|first| Op::Trim { first }),
        1 => (1..4u32).prop_map(|owner| Op::Purge { owner }),
        1 => Just(Op::EraseReadings),
        1 => prop_oneof![3 => Just(Op::Append { seed: 0 }), 1 => Just(Op::EraseEverything)],
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => op().prop_map(Event::Do),
        3 => (op(), 1..600u64, any::<u64>(), 1..200u64).prop_map(|(op, at, seed, again)| Event::Cut(op, at, seed, again)),
        1 => Just(Event::Remount),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_holds_what_the_model_holds_whatever_happens(events in prop::collection::vec(event(), 150)) {
        let mut device = Device::formatted(8);
        let mut model = Model::default();
        for event in &events {
            let mut after = model.clone();
            match event {
                Event::Remount => {}
                Event::Do(op) => {
                    let mut store = device.mount().expect("mounts");
                    let done = op.run(&mut store);
                    if done != Err(Error::InsufficientStorage) {
                        prop_assert_eq!(done, after.run(op), "{:?}", op);
                        model = after.clone();
                    }
                }
                Event::Cut(op, at, seed, again) => {
                    device.nor.cut_after(*at, *seed);
                    let done = device.mount().and_then(|mut store| op.run(&mut store));
                    let expected = after.run(op);
                    device.power_on();
                    device.nor.cut_after(*again, seed ^ at);
                    let _ = device.mount();
                    device.power_on();
                    match done {
                        Ok(()) => model = after.clone(),
                        Err(Error::Flash) => {}
                        Err(Error::InsufficientStorage) => after = model.clone(),
                        Err(error) => prop_assert_eq!(Err(error), expected),
                    }
                }
            }
            let mut store = device.mount().expect("mounts");
            if let Err(old) = model.is_in(&mut store) {
                let new = after.is_in(&mut store);
                prop_assert!(new.is_ok(), "{:?}: not old: {}; not new: {:?}", event, old, new);
                model = after;
            }
        }
    }
}
