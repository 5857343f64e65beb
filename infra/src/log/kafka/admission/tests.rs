//! Honest owners, zombies and repeats in any order: what is taken in is one chain, and the same one wherever reading began.

use super::*;
use crate::log::{audit::ChainAudit, ownership::ownership};
use millwright_domain::{
    Timestamp,
    chain::Hash,
    envelope::{Draft, StreamId},
    position::PartitionId,
};
use proptest::prelude::*;

fn partition() -> PartitionId {
    PartitionId::platform()
}

/// Writes as an owner does who has read up to `end`.
#[derive(Clone, Copy)]
struct Writer {
    end: End,
}

impl Writer {
    fn own(after: End) -> (Self, Vec<Candidate>) {
        let mut writer = Self { end: after };
        writer.end.tip.epoch += 1;
        let owned = ownership(&partition(), "test", writer.end.tip.epoch, after.own_version + 1, Timestamp::from_secs(1));
        let candidates = writer.commit(vec![owned]);
        (writer, candidates)
    }
    fn commit(&mut self, drafts: Vec<Draft>) -> Vec<Candidate> {
        let first = self.end.tip.next_seq;
        let commit = (first, first + drafts.len() as u64 - 1);
        let mut candidates = Vec::new();
        for draft in drafts {
            let previous = self.end.tip.hash;
            let own_version = (draft.stream == StreamId::partition()).then_some(draft.version);
            let record = self.end.tip.append(&draft, &partition(), Timestamp::from_secs(1));
            let (epoch, recorded_at) = (self.end.tip.epoch, self.end.tip.recorded_at);
            self.end.own_version = own_version.unwrap_or(self.end.own_version);
            let begins_epoch = draft.event.kind() == "PartitionOwned";
            candidates.push(Candidate { partition: partition(), epoch, begins_epoch, recorded_at, own_version, previous, commit, record });
        }
        candidates
    }
    fn facts(&mut self, count: usize) -> Vec<Candidate> {
        let mut draft = ownership(&partition(), "test", 0, 1, Timestamp::from_secs(1));
        draft.stream = StreamId::site();
        draft.event = millwright_domain::site::KillSwitchReleased { by: "olga".parse().unwrap() }.into();
        self.commit(vec![draft; count])
    }
}

fn take_all(rule: &mut Admission, candidates: &[Candidate]) -> Vec<StoredRecord> {
    let mut taken = Vec::new();
    for candidate in candidates {
        if let Verdict::Whole(records) = rule.take(candidate.clone()) {
            taken.extend(records);
        }
    }
    taken
}

/// What happens next on a topic.
#[derive(Debug, Clone)]
enum Step {
    Commit(usize),
    TakeOver,
    /// The owner before the last one goes on as if nothing had happened.
    Zombie(usize),
    /// Something that was written before comes again.
    Repeat(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..6usize).prop_map(Step::Commit),
        2 => Just(Step::TakeOver),
        2 => (1..6usize).prop_map(Step::Zombie),
        1 => any::<prop::sample::Index>().prop_map(Step::Repeat),
    ];
    prop::collection::vec(step, 1..25)
}

/// The records on the topic, and those that are facts.
fn topic(steps: &[Step]) -> (Vec<Candidate>, Vec<StoredRecord>) {
    let (mut owner, mut all) = Writer::own(End::default());
    let mut honest = all.clone();
    let mut zombie: Option<Writer> = None;
    for step in steps {
        let (written, is_honest) = match step {
            Step::Commit(count) => (owner.facts(*count), true),
            Step::TakeOver => {
                zombie = Some(owner);
                let (next, owned) = Writer::own(owner.end);
                owner = next;
                (owned, true)
            }
            Step::Zombie(count) => (zombie.as_mut().map(|zombie| zombie.facts(*count)).unwrap_or_default(), false),
            Step::Repeat(which) => (vec![which.get(&all).clone()], false),
        };
        all.extend(written.clone());
        if is_honest {
            honest.extend(written);
        }
    }
    (all, honest.into_iter().map(|candidate| candidate.record).collect())
}

proptest! {
    #[test]
    fn what_is_taken_in_is_what_the_owners_wrote(steps in steps()) {
        let (all, honest) = topic(&steps);
        let taken = take_all(&mut Admission::default(), &all);
        let mut audit = ChainAudit::of(&partition());
        for record in &taken {
            prop_assert!(audit.admit(record).is_ok());
        }
        prop_assert_eq!(taken, honest);
    }

    #[test]
    fn whoever_begins_in_the_middle_takes_in_the_same(steps in steps(), cut in any::<prop::sample::Index>()) {
        let (all, honest) = topic(&steps);
        let (before, after) = all.split_at(cut.index(all.len()));
        let mut rule = Admission::default();
        let first = take_all(&mut rule, before);
        prop_assume!(rule.can_be_left());
        let mut resumed = Admission::from(rule.end());
        let second = take_all(&mut resumed, after);
        prop_assert_eq!([first, second].concat(), honest);
    }

    #[test]
    fn a_changed_byte_is_never_taken_in(steps in steps(), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let (mut all, honest) = topic(&steps);
        let changed = which.index(all.len());
        let bytes = &mut all[changed].record.bytes;
        let at = at.index(bytes.len());
        bytes[at] ^= 1;
        let taken = take_all(&mut Admission::default(), &all);
        prop_assert!(taken.iter().zip(&honest).all(|(taken, honest)| taken == honest));
    }
}

#[test]
fn a_missing_record_is_a_gap_and_nothing_behind_it_is_taken_in() {
    let (mut owner, mut all) = Writer::own(End::default());
    owner.facts(1);
    let after = owner.facts(1);
    let mut rule = Admission::default();
    take_all(&mut rule, &all);
    assert!(matches!(rule.take(after[0].clone()), Verdict::Damaged(_)));
    all.extend(after);
    assert_eq!(rule.end().tip.next_seq, 1);
}

#[test]
fn nobody_raises_the_epoch_without_taking_the_partition_over() {
    let (mut owner, owned) = Writer::own(End::default());
    let mut rule = Admission::default();
    take_all(&mut rule, &owned);
    owner.end.tip.epoch = 9;
    assert!(matches!(rule.take(owner.facts(1).remove(0)), Verdict::Damaged(_)));
}

#[test]
fn a_commit_counts_when_its_last_record_is_there() {
    let (mut owner, owned) = Writer::own(End::default());
    let mut rule = Admission::default();
    take_all(&mut rule, &owned);
    let commit = owner.facts(3);
    assert_eq!(rule.take(commit[0].clone()), Verdict::Held);
    assert_eq!(rule.take(commit[1].clone()), Verdict::Held);
    assert_eq!((rule.end().tip.next_seq, rule.can_be_left()), (1, false));
    assert!(matches!(rule.take(commit[2].clone()), Verdict::Whole(records) if records.len() == 3));
    assert_eq!((rule.end(), rule.can_be_left()), (owner.end, true));
}

#[test]
fn a_commit_that_was_never_finished_is_void_when_the_next_owner_begins() {
    let (mut owner, owned) = Writer::own(End::default());
    let before = owner.end;
    let mut rule = Admission::default();
    take_all(&mut rule, &owned);
    let unfinished = owner.facts(3);
    take_all(&mut rule, &unfinished[..2]);
    let (next, owned) = Writer::own(before);
    assert_eq!(take_all(&mut rule, &owned).len(), 1);
    assert_eq!(rule.take(unfinished[2].clone()), Verdict::Dropped("a former owner wrote it"));
    assert_eq!(rule.end(), next.end);
}

#[test]
fn two_that_take_over_at_once_leave_one_owner() {
    let (_, first) = Writer::own(End::default());
    let (mut loser, second) = Writer::own(End::default());
    let mut rule = Admission::default();
    assert_eq!(take_all(&mut rule, &first).len(), 1);
    assert_eq!(rule.take(second[0].clone()), Verdict::Dropped("its seq is taken"));
    assert_eq!(rule.end().tip.epoch, 1);
    // It never gets that far, because it reads back what it wrote; if it did, its chain would not be this one.
    assert_ne!(loser.end.tip.hash, Hash::default());
    loser.end.tip.hash = Hash([9; 32]);
    assert!(matches!(rule.take(loser.facts(1)[0].clone()), Verdict::Damaged(_)));
}
