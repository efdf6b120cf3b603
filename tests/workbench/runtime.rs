//! The restart of the local model server, and what it changes for the router.

use offshoot::backends::health::now_ms;
use offshoot::chat::{ErrorClass, WireFormat};
use offshoot::workbench::runtime::{self, RestartError, RuntimeState};

use super::desk::place;
use crate::support::machine::Machine;
use crate::support::model_server::ModelServer;

#[tokio::test]
async fn after_a_restart_nothing_is_held_against_local_backends() {
    let server = ModelServer::start(WireFormat::OpenaiChat, vec![]).await;
    let machine = Machine::new();
    machine.settings(&format!(
        "[local_runtime]\nrestart_cmd = \"true\"\n{}[backends.cloud]\nkind = \"openai-chat\"\n\
         base_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n",
        server.settings("local")
    ));
    let base = place(&machine, &[], false).base;
    let health = &base.services.health;
    let now = now_ms();
    for id in ["local", "cloud"] {
        for _ in 0..3 {
            health.record(id, Some((ErrorClass::Unreachable, "refused")), None, now);
        }
        assert!(health.usable(id, now).is_err());
    }
    let restarted = runtime::restart(&base, now).await.unwrap();
    // Without a URL for it, the local backends are asked themselves.
    assert_eq!((restarted.standing.state, restarted.standing.asked.as_str()), (RuntimeState::Up, "local"));
    assert!(health.usable("local", now).is_ok() && health.usable("cloud", now).is_err());
    let again = runtime::restart(&base, now + 10_000).await.unwrap_err();
    assert!(matches!(again, RestartError::TooSoon { wait } if wait.as_secs() == 20), "{again}");
}
