//! Steering the simulated plant, when one runs here.

use super::{
    body::{json, refused},
    caller::Caller,
};
use crate::state::AppState;
use axum::{
    Json,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use millwright_domain::{
    access::{Deed, Place},
    ports::plant_control::{ScenarioRefused, ScenarioStatus},
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    asset: String,
}

pub async fn status(Caller(state): Caller) -> Response {
    let Some(plant) = &state.plant_control else { return no_simulator() };
    Json(plant.status().await).into_response()
}

/// The body is a shipped scenario's name as a JSON string, or a whole scenario as an object.
pub async fn load(Caller(state): Caller, headers: HeaderMap, body: Body) -> Response {
    if let Err(refusal) = may_steer(&state).await {
        return *refusal;
    }
    let Some(plant) = &state.plant_control else { return no_simulator() };
    match json::<Value>(&headers, body).await {
        Ok(scenario) => respond(plant.load(scenario).await),
        Err(refusal) => refusal,
    }
}

pub async fn start(Caller(state): Caller) -> Response {
    if let Err(refusal) = may_steer(&state).await {
        return *refusal;
    }
    let Some(plant) = &state.plant_control else { return no_simulator() };
    respond(plant.start().await)
}

pub async fn stop(Caller(state): Caller) -> Response {
    if let Err(refusal) = may_steer(&state).await {
        return *refusal;
    }
    let Some(plant) = &state.plant_control else { return no_simulator() };
    respond(plant.stop().await)
}

pub async fn repair(Caller(state): Caller, headers: HeaderMap, body: Body) -> Response {
    if let Err(refusal) = may_steer(&state).await {
        return *refusal;
    }
    let Some(plant) = &state.plant_control else { return no_simulator() };
    match json::<Repair>(&headers, body).await {
        Ok(repair) => respond(plant.repair(&repair.asset).await),
        Err(refusal) => refusal,
    }
}

/// A simulated plant is steered by whoever may operate a real one.
async fn may_steer(state: &AppState) -> Result<(), Box<Response>> {
    let allowed = state.allow(Deed::Operate, Place::default(), "scenario").await;
    allowed.map_err(|error| Box::new(refused(StatusCode::FORBIDDEN, "NOT_ALLOWED", &error.message)))
}

fn no_simulator() -> Response {
    let explained = "no simulated plant runs here; start one with `millwright demo` or `millwright simulate`";
    refused(StatusCode::NOT_FOUND, "NO_SIMULATOR", explained)
}

fn respond(status: Result<ScenarioStatus, ScenarioRefused>) -> Response {
    match status {
        Ok(status) => Json(status).into_response(),
        Err(refusal) => refused(StatusCode::UNPROCESSABLE_ENTITY, "SCENARIO_REFUSED", &refusal.to_string()),
    }
}
