//! What lies outside the house, as configured: who delivers messages and tickets, who listens at the door, whose addresses are whose.

use super::{
    address_book::SealedBook,
    boards::{AllBoards, Known},
    foundation::Foundation,
    health::HealthBoard,
    supervise::supervise,
};
use crate::settings::{Mode, Settings};
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use millwright_agents::ticket_poll::{Reader, TicketPoll};
use millwright_commands::Command;
use millwright_domain::{
    ids::CommandId,
    message::Channel,
    ports::{
        address_book::AddressBook,
        inbound::{ChatMessage, Inbound, Pressed},
        messenger::Messenger,
        ticket_system::{OutsideDeed, TicketSystem},
        traces::Traces,
        vault::Vault,
    },
    position::PartitionId,
    roster::Roster,
};
use millwright_graphql::inbound::deed::Reading;
use millwright_infra::{
    inbound::Door,
    messengers::{self, Messengers, telegram::Telegram},
    mqtt::MqttBus,
    notice::NoticeFile,
    outward::Outward,
    quoting::Quoting,
    switchboard::Switchboard,
    tickets::TicketDesk,
    traces::Otlp,
};
use millwright_projections::Projections;
use std::{error::Error, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct Outside {
    /// `None` where not even notices can be written.
    pub messenger: Option<Arc<dyn Messenger>>,
    pub door: Option<Arc<dyn Inbound>>,
    pub pressed: Option<Arc<dyn Pressed>>,
    pub book: Arc<dyn AddressBook>,
    /// Those that can be asked what people did there.
    pub systems: Vec<(String, Arc<dyn TicketSystem>)>,
    pub reader: Arc<dyn Reader>,
    pub outward: Outward,
    /// Where tasks are shown as cards.
    pub boards: AllBoards,
    /// Who keeps the traces of cases; `None` where nobody does.
    pub traces: Option<Arc<dyn Traces>>,
}

impl Outside {
    pub fn of(settings: &Settings, roster: &Roster, foundation: &Foundation, board: &HealthBoard) -> Result<Self> {
        let (projections, vault): (_, Arc<dyn Vault>) = (foundation.projections.clone(), foundation.vault.clone());
        let book: Arc<dyn AddressBook> =
            Arc::new(SealedBook { projections: projections.clone(), vault: vault.clone(), roles_count: settings.access.mode == Mode::SignIn });
        let outward = Outward::new(settings.outward.clone()).context("the settings under `outward`")?;
        let shared = messengers::Outside { outward: outward.clone(), book: book.clone(), clock: foundation.clock.clone() };
        let messengers = Messengers::new(&settings.messages, &shared).context("the settings under `messages`")?;
        let tickets = settings.tickets.desk(&outward).context("the settings under `tickets`")?;
        let door = Door::new(settings.inbound.clone()).context("the settings under `inbound`")?;
        served(roster, &tickets, settings)?;
        one_repository(settings)?;
        settings.models.models(&outward).context("the settings under `models`")?;
        secrets_are_there(settings)?;
        let pressed = messengers.telegram.clone().map(|telegram| Arc::new(Settle(telegram)) as Arc<dyn Pressed>);
        let known = Known { book: book.clone(), vault: vault.clone(), clock: foundation.clock.clone() };
        let boards = AllBoards::of(settings, &outward, &known).context("the settings under `boards`")?;
        let systems = tickets.systems().map(|(name, system)| (name.to_string(), system.clone())).collect();
        Ok(Self {
            messenger: messenger(settings, foundation, board, &messengers, &tickets, &boards)?,
            door: boards.door((!door.sources().is_empty()).then(|| Arc::new(door) as Arc<dyn Inbound>)),
            pressed,
            systems,
            reader: Arc::new(DeedReader { projections, vault, book: book.clone() }),
            book,
            traces: traces(settings, foundation, &outward)?,
            boards,
            outward,
        })
    }

    /// Only where there is a ticket system.
    pub fn ticket_poll(&self, foundation: &Foundation, board: &HealthBoard, stop: &CancellationToken) -> Option<JoinHandle<()>> {
        let (systems, reader) = (self.systems.clone(), self.reader.clone());
        let (commands, clock) = (foundation.commands.clone(), foundation.clock.clone());
        let (checkpoint, stop_it) = (foundation.data.join("agents").join("ticket_poll.json"), stop.clone());
        let begin = move || {
            let (commands, clock, systems) = (commands.clone(), clock.clone(), systems.clone());
            TicketPoll { commands, clock, systems, reader: reader.clone(), checkpoint: checkpoint.clone() }.run(stop_it.clone())
        };
        (!self.systems.is_empty()).then(|| supervise("ticket poll", board, foundation.clock.clone(), stop.clone(), begin))
    }
}

fn traces(settings: &Settings, foundation: &Foundation, outward: &Outward) -> Result<Option<Arc<dyn Traces>>> {
    if !settings.telemetry.is_on() {
        return Ok(None);
    }
    let otlp = Otlp::new(&settings.telemetry.otlp, &foundation.node.to_string(), outward.clone()).context("the setting `telemetry.otlp`")?;
    Ok(Some(Arc::new(otlp)))
}

/// A name that nothing here delivers to would be a dead letter for each case.
fn served(roster: &Roster, tickets: &TicketDesk, settings: &Settings) -> Result<()> {
    for system in &roster.tickets {
        ensure!(
            tickets.systems().any(|(name, _)| name == system),
            "the roster opens tickets in {system}, and `tickets.{system}` is not set; set it or take it out"
        );
    }
    for program in &roster.programs {
        let known = settings.messages.webhook.contains_key(program);
        ensure!(known, "the roster tells the program {program}, and `messages.webhook.{program}` is not set; set it or take it out");
    }
    let by = roster.people.values().flat_map(|reach| &reach.by);
    for channel in by {
        let is_on = match channel {
            Channel::Whatsapp => settings.messages.whatsapp.is_some(),
            Channel::Telegram => settings.messages.telegram.is_some(),
            Channel::Email => settings.messages.email.is_some(),
            Channel::Webhook | Channel::Notice => true,
        };
        ensure!(is_on, "the roster reaches somebody by {channel}, and `messages.{channel}` is not set; set it or take it out");
    }
    Ok(())
}

/// What people do would be taken for deeds in issues of the same number.
fn one_repository(settings: &Settings) -> Result<()> {
    let Some(heard) = settings.inbound.github.as_ref().map(|hook| &hook.repository) else { return Ok(()) };
    let written = &settings.tickets.github.repository;
    ensure!(
        !settings.tickets.github.is_on() || heard.eq_ignore_ascii_case(written),
        "inbound.github.repository is {heard:?} and tickets.github.repository is {written:?}; they must be the same"
    );
    Ok(())
}

/// Read anew at each use; but who finds a wrong place only then finds it in the middle of a fault.
fn secrets_are_there(settings: &Settings) -> Result<()> {
    for (key, kept) in settings.tickets.secrets().context("the settings under `tickets`")? {
        kept.read().with_context(|| format!("the setting `{key}`"))?;
    }
    for (site, configured) in &settings.boards {
        let kept = configured.secret().with_context(|| format!("the setting `boards.{site}.token`"))?;
        kept.read().with_context(|| format!("the setting `boards.{site}.token`"))?;
        if let Some(hook) = configured.hook(site)? {
            hook.secret.read().with_context(|| format!("the setting `boards.{site}.app_secret`"))?;
        }
    }
    for (key, kept) in settings.models.secrets() {
        kept.read().with_context(|| format!("the setting `{key}`"))?;
    }
    for (key, kept) in settings.messages.secrets().into_iter().chain(settings.inbound.secrets()) {
        kept.read().with_context(|| format!("the setting `{key}`"))?;
    }
    for (id, provider) in &settings.access.oidc {
        provider.client_secret.read().with_context(|| format!("the setting `access.oidc.{id}.client_secret`"))?;
    }
    Ok(())
}

fn messenger(
    settings: &Settings,
    foundation: &Foundation,
    board: &HealthBoard,
    messengers: &Messengers,
    tickets: &TicketDesk,
    boards: &AllBoards,
) -> Result<Option<Arc<dyn Messenger>>> {
    let notices = match NoticeFile::open(foundation.data.join("notices.jsonl"), foundation.clock.clone()) {
        Ok(notices) => notices,
        Err(error) => {
            board.failed("outbox", &format!("{:#}", anyhow::Error::from(error)));
            return Ok(None);
        }
    };
    let mut switchboard = Switchboard::default().with("notice", Arc::new(notices));
    for (channel, messenger) in &messengers.all {
        switchboard = switchboard.with(channel, messenger.clone());
    }
    for (system, _) in tickets.systems() {
        switchboard = switchboard.with(&format!("tickets/{system}"), Arc::new(tickets.clone()));
    }
    for adapter in boards.messenger.adapters() {
        switchboard = switchboard.with(&adapter, Arc::new(boards.messenger.clone()));
    }
    if let Some(access) = settings.mqtt.access(&foundation.node)? {
        let bus = Arc::new(MqttBus::start(&access).context("the settings under `mqtt`")?);
        board.bus(&bus);
        switchboard = switchboard.with("mqtt", bus);
    }
    let (inner, vault) = (Arc::new(switchboard), foundation.vault.clone());
    Ok(Some(Arc::new(Quoting { inner, vault })))
}

struct Settle(Arc<Telegram>);

#[async_trait]
impl Pressed for Settle {
    async fn taken(&self, message: &ChatMessage, words: &str) {
        if message.channel == Channel::Telegram
            && let Err(error) = self.0.settle(message, words).await
        {
            tracing::debug!(%error, "a pressed button could not be shown as taken");
        }
    }
}

/// Reads a deed as the door does.
struct DeedReader {
    projections: Projections,
    vault: Arc<dyn Vault>,
    book: Arc<dyn AddressBook>,
}

#[async_trait]
impl Reader for DeedReader {
    async fn read(&self, deed: &OutsideDeed) -> Result<Option<(PartitionId, CommandId, Command)>, Box<dyn Error + Send + Sync>> {
        let reading = Reading { projections: &self.projections, book: &*self.book, vault: &*self.vault };
        Ok(reading.read(deed).await?.map(|(site, id, command)| (PartitionId::site(&site), id, command)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_that_is_listened_to_is_the_one_that_is_written_to() {
        let settings = |written: &str, heard: &str| {
            let mut settings = Settings::default();
            settings.tickets.github.repository = written.into();
            let hook = format!("secret = 'env:X'\nrepository = '{heard}'\naccount = 'bot'");
            settings.inbound.github = Some(toml::from_str(&hook).unwrap());
            settings
        };
        assert!(one_repository(&settings("acme/maintenance", "Acme/Maintenance")).is_ok());
        assert!(one_repository(&settings("", "acme/maintenance")).is_ok(), "nothing is written there");
        let refused = one_repository(&settings("acme/maintenance", "acme/other")).unwrap_err().to_string();
        assert!(refused.contains("inbound.github.repository") && refused.contains("tickets.github.repository"), "{refused}");
    }

    #[test]
    fn a_secret_that_is_not_there_is_told_by_its_setting_before_anything_runs() {
        let hook = "secret = 'hunter2AAAA'\nrepository = 'acme/maintenance'\naccount = 'bot'";
        let mut settings = Settings::default();
        settings.inbound.github = Some(toml::from_str(hook).unwrap());
        let refused = format!("{:#}", secrets_are_there(&settings).unwrap_err());
        assert!(refused.contains("inbound.github.secret") && !refused.contains("hunter2"), "{refused}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "s3cret").unwrap();
        settings.inbound.github = Some(toml::from_str(&hook.replace("hunter2AAAA", file.to_str().unwrap())).unwrap());
        assert!(secrets_are_there(&settings).is_ok());
    }
}
