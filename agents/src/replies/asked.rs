//! What each person was told and asked last, so that a bare "yes" or "fixed bearing" means something. Folded from the facts. Pure.

use millwright_domain::{
    Event,
    action::Action,
    envelope::Recorded,
    ids::{ActionId, ActorId, CaseId},
    message::{Answer, Message},
    site::Site,
};
use std::collections::HashMap;

#[derive(Default)]
pub(super) struct AskedOf {
    last: HashMap<ActorId, CaseId>,
    /// With the binding's beginning that was shown.
    questions: HashMap<ActorId, Vec<(ActionId, String)>>,
}

/// What a bare yes or no is an answer to.
#[derive(Debug, PartialEq)]
pub(super) enum Meant {
    This(ActionId, String),
    Nothing,
    /// Several wait, and none is named.
    Several,
}

impl AskedOf {
    pub fn take(&mut self, fact: &Recorded) {
        let Event::EffectWanted(wanted) = &fact.event else { return };
        let (_, name) = wanted.adapter_and_recipient();
        let (Ok(person), Some(case)) = (name.parse::<ActorId>(), wanted.case) else { return };
        self.last.insert(person.clone(), case);
        let buttons = Message::of_body(&wanted.body).map(|message| message.buttons).unwrap_or_default();
        let asked = buttons.iter().find_map(|button| match Answer::of_button(&button.id)? {
            Answer::Yes { action: Some(action), binding: Some(binding) } => Some((action, binding)),
            // What takes the page first has no button for yes.
            Answer::No { action: Some(action) } => Some((action, String::new())),
            _ => None,
        });
        if let Some((action, binding)) = asked {
            let questions = self.questions.entry(person).or_default();
            questions.retain(|(known, _)| *known != action);
            questions.push((action, binding));
        }
    }

    /// The case that the person heard of last.
    pub fn case(&self, person: &ActorId) -> Option<CaseId> {
        self.last.get(person).copied()
    }

    /// The one question to the person that still waits; if `case` is known, of that case.
    pub fn question(&self, site: &Site, person: &ActorId, case: Option<CaseId>) -> Meant {
        let waits = |action: &ActionId| {
            let of = site.case_of_action.get(action).copied();
            let known = of.and_then(|case| site.case(case).open_file()?.actions.get(action));
            matches!(known, Some(Action::AwaitingApproval { .. }))
        };
        let all: Vec<&(ActionId, String)> = self.questions.get(person).into_iter().flatten().filter(|(action, _)| waits(action)).collect();
        let of_case: Vec<&&(ActionId, String)> =
            all.iter().filter(|(action, _)| case.is_some() && site.case_of_action.get(action).copied() == case).collect();
        match (&of_case[..], &all[..]) {
            ([one], _) => Meant::This(one.0, one.1.clone()),
            ([], [one]) => Meant::This(one.0, one.1.clone()),
            ([], []) => Meant::Nothing,
            _ => Meant::Several,
        }
    }
}
