//! Steering the simulated plant, when one runs here.

use super::body::{json, refused};
use crate::state::AppState;
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use millwright_domain::ports::plant_control::{PlantControl, ScenarioRefused, ScenarioStatus};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    asset: String,
}

pub async fn status(State(state): State<AppState>) -> Response {
    match plant(&state) {
        Ok(plant) => Json(plant.status().await).into_response(),
        Err(none) => none,
    }
}

/// The body is a shipped scenario's name as a JSON string, or a whole scenario as an object.
pub async fn load(State(state): State<AppState>, headers: HeaderMap, body: Body) -> Response {
    match (plant(&state), json::<Value>(&headers, body).await) {
        (Ok(plant), Ok(scenario)) => respond(plant.load(scenario).await),
        (Err(refusal), _) | (_, Err(refusal)) => refusal,
    }
}

pub async fn start(State(state): State<AppState>) -> Response {
    match plant(&state) {
        Ok(plant) => respond(plant.start().await),
        Err(none) => none,
    }
}

pub async fn stop(State(state): State<AppState>) -> Response {
    match plant(&state) {
        Ok(plant) => respond(plant.stop().await),
        Err(none) => none,
    }
}

pub async fn repair(State(state): State<AppState>, headers: HeaderMap, body: Body) -> Response {
    match (plant(&state), json::<Repair>(&headers, body).await) {
        (Ok(plant), Ok(repair)) => respond(plant.repair(&repair.asset).await),
        (Err(refusal), _) | (_, Err(refusal)) => refusal,
    }
}

fn plant(state: &AppState) -> Result<&dyn PlantControl, Response> {
    let explained = "no simulated plant runs here; start one with `millwright demo` or `millwright simulate`";
    state.plant_control.as_deref().ok_or_else(|| refused(StatusCode::NOT_FOUND, "NO_SIMULATOR", explained))
}

fn respond(status: Result<ScenarioStatus, ScenarioRefused>) -> Response {
    match status {
        Ok(status) => Json(status).into_response(),
        Err(refusal) => refused(StatusCode::UNPROCESSABLE_ENTITY, "SCENARIO_REFUSED", &refusal.to_string()),
    }
}
