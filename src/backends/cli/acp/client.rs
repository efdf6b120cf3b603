//! The client's side of the protocol, as a table of states without a clock and without a process: lines go in, events
//! and lines come out. One client has one agent, one session and one turn.

use agent_client_protocol_schema::ProtocolVersion;
use agent_client_protocol_schema::v1::{
    AgentCapabilities, AuthMethod, AuthenticateRequest, CancelNotification, ContentBlock, Implementation,
    InitializeRequest, InitializeResponse, LoadSessionRequest, NewSessionRequest, PromptRequest, RequestId,
    ResumeSessionRequest, SessionId, SessionNotification,
};
use serde::Serialize;
use serde_json::Value;

use super::Setup;
use super::failure::{Names, words};
use super::meter::Bill;
use super::offers::{Choice, Offers, Topic};
use super::rpc::{self, Message, RpcError};
use super::turn::Turn;
use crate::backends::BackendError;
use crate::backends::cli::decode::Decoded;
use crate::backends::cli::decode::failure::one_line;
use crate::backends::cli::profile::ModelBy;
use crate::backends::cli::{CliEvent, Exit};
use crate::chat::{ErrorClass, StopReason};

/// What comes of what happened.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub events: Vec<CliEvent>,
    /// For the agent, without their newlines.
    pub lines: Vec<String>,
}

pub(super) struct Client {
    setup: Setup,
    names: Names,
    /// Ids of requests of ours that were given out.
    requests: i64,
    stage: Stage,
    agent: Agent,
    session: Option<SessionId>,
    offers: Offers,
    /// The user wants it to end.
    cancelled: bool,
}

/// What the agent said of itself.
#[derive(Default)]
struct Agent {
    capabilities: AgentCapabilities,
    logins: Vec<AuthMethod>,
    /// Authentication was tried.
    tried_login: bool,
}

enum Stage {
    /// A request of ours waits for its answer, and the prompt was not sent yet.
    Opening {
        request: i64,
        step: Step,
    },
    /// The prompt waits for its answer.
    Turning {
        request: i64,
        turn: Box<Turn>,
    },
    Over(Box<Decoded>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Initialize,
    Authenticate,
    New,
    Load,
    Choose(Topic),
}

/// In this order: what a model can do may change what else can be chosen.
const TOPICS: [Topic; 3] = [Topic::Model, Topic::Effort, Topic::Mode];

impl Client {
    /// Greets the agent.
    pub fn start(setup: Setup, out: &mut Out) -> Self {
        let names = Names { backend: setup.backend.clone(), login: setup.login.clone() };
        let mut client = Self {
            setup,
            names,
            requests: 0,
            stage: Stage::Opening { request: 0, step: Step::Initialize },
            agent: Agent::default(),
            session: None,
            offers: Offers::default(),
            cancelled: false,
        };
        // It offers neither files nor terminals: the agent works in the worktree by itself, under our sandbox.
        let hello = InitializeRequest::new(ProtocolVersion::V1)
            .client_info(Implementation::new("offshoot", env!("CARGO_PKG_VERSION")));
        client.ask(Step::Initialize, "initialize", &hello, out);
        client
    }

    /// A line came from the agent. One that is no message is passed over.
    pub fn line(&mut self, line: &str, out: &mut Out) {
        match rpc::parse(line) {
            Some(Message::Answer { id: RequestId::Number(id), result }) => self.answered(id, result, out),
            Some(Message::Notification { method, params }) if method == "session/update" => {
                self.updated(params, out);
            }
            Some(Message::Request { id, method, params }) => self.requested(id, &method, params, out),
            Some(Message::Notification { .. } | Message::Answer { .. }) | None => {}
        }
    }

    /// The user's answer to a question for leave.
    pub fn answer(&mut self, id: &str, allow: bool, out: &mut Out) {
        if let Stage::Turning { turn, .. } = &mut self.stage {
            turn.answer(id, allow, out);
        }
    }

    /// The user wants it to end. An agent in its turn gets the chance to end it itself.
    pub fn cancel(&mut self, out: &mut Out) {
        self.cancelled = true;
        let Stage::Turning { turn, .. } = &mut self.stage else {
            return self.stop(BackendError::cancelled());
        };
        turn.cancel(out);
        if let Some(session) = &self.session {
            out.lines.push(rpc::notification("session/cancel", &CancelNotification::new(session.clone())));
        }
    }

    /// The process has ended. If the turn has not, it never will.
    pub fn died(&mut self, exit: Exit, stderr: &str) {
        if !self.is_over() {
            let failure = self.names.died(exit, stderr);
            self.stop(failure);
        }
    }

    /// It asks and asks, and does not read what it is answered.
    pub fn overrun(&mut self) {
        let failure = self.names.overrun();
        self.stop(failure);
    }

    /// Ends it for a reason that is not the agent's word.
    fn stop(&mut self, why: BackendError) {
        if !self.is_over() {
            self.conclude(Err(why), &Value::Null);
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_))
    }

    /// What it came to.
    pub fn end(&self) -> Decoded {
        match &self.stage {
            Stage::Over(decoded) => (**decoded).clone(),
            Stage::Opening { .. } | Stage::Turning { .. } => Decoded {
                outcome: Err(BackendError::new(ErrorClass::Internal, "the turn was left before its end")),
                usage: None,
                counted: None,
                cost_usd: None,
            },
        }
    }

    fn answered(&mut self, id: i64, result: Result<Value, RpcError>, out: &mut Out) {
        match &self.stage {
            Stage::Opening { request, step } if *request == id => self.opened(*step, result, out),
            Stage::Turning { request, .. } if *request == id => self.turned(result, out),
            // An answer to nothing.
            Stage::Opening { .. } | Stage::Turning { .. } | Stage::Over(_) => {}
        }
    }

    fn opened(&mut self, step: Step, result: Result<Value, RpcError>, out: &mut Out) {
        match (step, result) {
            (Step::Initialize, Ok(hello)) => self.greeted(&hello, out),
            (Step::Authenticate, Ok(_)) => self.open(out),
            (Step::New | Step::Load, Ok(opened)) => self.entered(&opened, out),
            (Step::New | Step::Load, Err(error)) if self.can_log_in(&error) => self.log_in(out),
            (Step::Load, Err(error)) if !Names::wants_login(&error) => {
                let id = self.setup.job.resume.as_ref().map(|resume| resume.id.clone()).unwrap_or_default();
                let why = self.names.said(&error);
                // A limit or a missing network is no reason to give the session up.
                let lost = self.names.lost_session(&id, &words(&error));
                let is_lost = matches!(why.class, ErrorClass::NotFound | ErrorClass::BadResponse);
                self.stop(if is_lost { lost } else { why });
            }
            (Step::Choose(Topic::Model), Err(error)) if !Names::wants_login(&error) => {
                let model = self.setup.job.model.clone().unwrap_or_default();
                let offered = self.offers.offered(Topic::Model);
                let failure = self.names.no_model(&model, &words(&error), &offered);
                self.stop(failure);
            }
            (Step::Choose(topic @ (Topic::Mode | Topic::Effort)), Err(error)) => {
                let what = if topic == Topic::Mode { "mode" } else { "effort" };
                let why = one_line(&words(&error));
                out.events.push(CliEvent::Notice(format!("its {what} stays as it was: {why}")));
                self.choose_after(Some(topic), out);
            }
            (Step::Choose(topic), Ok(chosen)) => {
                self.offers.renew(&chosen);
                if topic == Topic::Model {
                    out.events.extend(self.setup.job.model.clone().map(CliEvent::Model));
                }
                self.choose_after(Some(topic), out);
            }
            (_, Err(error)) => {
                let failure = self.names.said(&error);
                self.stop(failure);
            }
        }
    }

    fn greeted(&mut self, hello: &Value, out: &mut Out) {
        let version = &hello["protocolVersion"];
        match serde_json::from_value::<InitializeResponse>(hello.clone()) {
            Ok(hello) if hello.protocol_version == ProtocolVersion::V1 => {
                self.agent.capabilities = hello.agent_capabilities;
                self.agent.logins = hello.auth_methods;
                if self.names.login.is_none() {
                    self.names.login = self.logins_in_words();
                }
                self.open(out);
            }
            _ => self.stop(self.names.other_version(version)),
        }
    }

    /// Opens the session: a new one, or an earlier one that is to go on.
    fn open(&mut self, out: &mut Out) {
        let dir = self.setup.job.dir.clone();
        let Some(resume) = &self.setup.job.resume else {
            return self.ask(Step::New, "session/new", &NewSessionRequest::new(dir), out);
        };
        let id = resume.id.clone();
        self.session = Some(SessionId::new(id.clone()));
        if self.setup.profile.forgets {
            let failure = self.names.lost_session(&id, "it keeps them for one process only");
            self.stop(failure);
        } else if self.agent.capabilities.load_session {
            self.ask(Step::Load, "session/load", &LoadSessionRequest::new(id, dir), out);
        } else if self.agent.capabilities.session_capabilities.resume.is_some() {
            self.ask(Step::Load, "session/resume", &ResumeSessionRequest::new(id, dir), out);
        } else {
            let failure = self.names.lost_session(&id, "it cannot load sessions");
            self.stop(failure);
        }
    }

    fn entered(&mut self, opened: &Value, out: &mut Out) {
        if let Some(id) = opened["sessionId"].as_str() {
            self.session = Some(SessionId::new(id));
        }
        let Some(session) = &self.session else {
            let failure = self.names.said(&RpcError {
                code: 0,
                message: "opened a session without an id".into(),
                data: None,
            });
            return self.stop(failure);
        };
        out.events.push(CliEvent::Session(session.to_string()));
        self.offers = Offers::read(opened);
        if self.wanted(Topic::Model).is_none() {
            out.events.extend(self.offers.model().map(|model| CliEvent::Model(model.to_owned())));
        }
        self.choose_after(None, out);
    }

    /// Goes on with the first choice after `topic`, and with the prompt when all are made.
    fn choose_after(&mut self, topic: Option<Topic>, out: &mut Out) {
        let Some(session) = self.session.clone() else { return };
        let done = topic.and_then(|topic| TOPICS.iter().position(|other| *other == topic));
        for topic in TOPICS.into_iter().skip(done.map_or(0, |done| done + 1)) {
            let Some(wanted) = self.wanted(topic) else { continue };
            match (topic, self.offers.choose(topic, &wanted, &session)) {
                (topic, Choice::Request { method, params }) => {
                    return self.ask(Step::Choose(topic), method, &params, out);
                }
                (Topic::Model, Choice::Made) => out.events.push(CliEvent::Model(wanted)),
                (Topic::Model, Choice::Missing) => {
                    let failure = self.names.no_model(&wanted, "it does not let the model be chosen", &[]);
                    return self.stop(failure);
                }
                (Topic::Mode, Choice::Missing) => {
                    let words = format!(
                        "the agent knows no mode \"{wanted}\": it stays in the one that it starts in"
                    );
                    out.events.push(CliEvent::Notice(words));
                }
                (Topic::Effort | Topic::Mode, Choice::Made) | (Topic::Effort, Choice::Missing) => {}
            }
        }
        self.prompt(session, out);
    }

    fn wanted(&self, topic: Topic) -> Option<String> {
        let (job, profile) = (&self.setup.job, &self.setup.profile);
        match topic {
            Topic::Model if profile.model == ModelBy::SetModel => job.model.clone(),
            Topic::Model => None,
            Topic::Effort => job.effort.map(|effort| effort.name().to_owned()),
            Topic::Mode => profile.mode.get(&job.permissions).cloned(),
        }
    }

    fn prompt(&mut self, session: SessionId, out: &mut Out) {
        let job = &self.setup.job;
        let prompt = PromptRequest::new(session, vec![ContentBlock::from(job.prompt.clone())]);
        let turn = Box::new(Turn::new(job.permissions, &self.setup.profile, job.resume.clone()));
        let request = self.send("session/prompt", &prompt, out);
        self.stage = Stage::Turning { request, turn };
    }

    fn turned(&mut self, result: Result<Value, RpcError>, out: &mut Out) {
        let Stage::Turning { turn, .. } = &mut self.stage else { return };
        match result {
            Ok(answer) => {
                let outcome = turn.end(&answer, &self.names, &mut out.events);
                self.conclude(outcome, &answer);
            }
            Err(error) => {
                let failure = self.names.said(&error);
                self.conclude(Err(failure), &Value::Null);
            }
        }
    }

    fn updated(&mut self, params: Value, out: &mut Out) {
        if self.session.as_ref().is_some_and(|own| params["sessionId"].as_str() != Some(&own.0)) {
            return;
        }
        match &mut self.stage {
            Stage::Turning { turn, .. } => {
                // An update of a later version of the protocol tells us nothing.
                if let Ok(told) = serde_json::from_value::<SessionNotification>(params) {
                    turn.update(told.update, &mut out.events);
                }
            }
            // An agent that loads a session tells its whole history again.
            Stage::Opening { .. } => self.offers.renew(&params["update"]),
            Stage::Over(_) => {}
        }
    }

    fn requested(&mut self, id: RequestId, method: &str, params: Value, out: &mut Out) {
        let Stage::Turning { turn, .. } = &mut self.stage else {
            return out.lines.push(rpc::refusal(&id, rpc::METHOD_NOT_FOUND, "there is no turn"));
        };
        if method != "session/request_permission" {
            return out.lines.push(rpc::refusal(&id, rpc::METHOD_NOT_FOUND, "method not found"));
        }
        match serde_json::from_value(params) {
            Ok(asked) => {
                turn.permission(id, asked, out);
                if self.cancelled {
                    turn.cancel(out);
                }
            }
            Err(error) => out.lines.push(rpc::refusal(&id, rpc::INVALID_PARAMS, &error.to_string())),
        }
    }

    fn can_log_in(&self, error: &RpcError) -> bool {
        let has = |id: &String| self.agent.logins.iter().any(|login| *login.id().0 == **id);
        Names::wants_login(error)
            && !self.agent.tried_login
            && self.setup.profile.auth.as_ref().is_some_and(has)
    }

    fn log_in(&mut self, out: &mut Out) {
        self.agent.tried_login = true;
        let method = self.setup.profile.auth.clone().unwrap_or_default();
        self.ask(Step::Authenticate, "authenticate", &AuthenticateRequest::new(method), out);
    }

    /// What the agent itself says of logging in.
    fn logins_in_words(&self) -> Option<String> {
        let said: Vec<&str> = self
            .agent
            .logins
            .iter()
            .map(|login| login.description().unwrap_or_else(|| login.name()))
            .collect();
        (!said.is_empty()).then(|| one_line(&said.join("; or ")))
    }

    fn ask(&mut self, step: Step, method: &str, params: &impl Serialize, out: &mut Out) {
        let request = self.send(method, params, out);
        self.stage = Stage::Opening { request, step };
    }

    fn send(&mut self, method: &str, params: &impl Serialize, out: &mut Out) -> i64 {
        self.requests += 1;
        out.lines.push(rpc::request(self.requests, method, params));
        self.requests
    }

    fn conclude(&mut self, outcome: Result<StopReason, BackendError>, answer: &Value) {
        let bill = match &self.stage {
            Stage::Turning { turn, .. } => turn.bill(answer),
            Stage::Opening { .. } | Stage::Over(_) => Bill::default(),
        };
        let outcome = if self.cancelled { Err(BackendError::cancelled()) } else { outcome };
        let Bill { usage, counted, cost_usd } = bill;
        self.stage = Stage::Over(Box::new(Decoded { outcome, usage, counted, cost_usd }));
    }
}
