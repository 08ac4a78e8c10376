//! Syncing in the background, for as long as the vault is open: what is new at the clinic API
//! arrives at once, and what is written here is sent at once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use clinic_api::http::problem::Code;
use companion_core::companion::Companion;
use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use companion_core::sync::{Alarm, Backoff, Cancel, Followed, Report, SyncError};

use crate::service::{Answer, SyncView};

/// The thread, and how it ends: when this is dropped.
pub(super) struct Syncing {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    companion: Companion,
    env: Env,
    cancel: Cancel,
    state: Mutex<Shown>,
    wakes: Mutex<Wakes>,
    woken: Condvar,
}

struct Shown {
    view: SyncView,
    registered: bool,
}

#[derive(Default)]
struct Wakes {
    wanted: bool,
    ended: bool,
}

/// A round that a person asked for.
pub(super) struct Round(Arc<Shared>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Syncing {
    pub(super) fn start(companion: Companion, env: Env) -> Self {
        let view = SyncView {
            last_ok: None,
            problem: None,
        };
        let shared = Arc::new(Shared {
            companion,
            env,
            cancel: Cancel::new(),
            state: Mutex::new(Shown {
                view,
                registered: false,
            }),
            wakes: Mutex::new(Wakes::default()),
            woken: Condvar::new(),
        });
        let of_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("sync".to_owned())
            .spawn(move || of_thread.run())
            .ok();
        Self { shared, thread }
    }

    /// Something is to be tried again now. What is written to the vault needs no waking.
    pub(super) fn wake(&self) {
        lock(&self.shared.wakes).wanted = true;
        self.shared.woken.notify_all();
    }

    pub(super) fn view(&self) -> SyncView {
        lock(&self.shared.state).view.clone()
    }

    pub(super) fn round(&self) -> Round {
        Round(self.shared.clone())
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.shared.cancel.cancel();
        lock(&self.shared.wakes).ended = true;
        self.shared.woken.notify_all();
        // The vault is closed only when the thread has let go of it.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Round {
    pub(super) fn run(&self) -> Answer<()> {
        self.0.round()
    }
}

impl Shared {
    /// Until the vault is closed.
    fn run(&self) {
        let mut backoff = Backoff::default();
        loop {
            let begun = self.register().and_then(|()| self.finish());
            if let Err(problem) = begun.and_then(|()| self.follow(&mut backoff)) {
                lock(&self.state).view.problem = Some(problem);
            }
            let now = self.env.now();
            let at = backoff.failed(&self.env, None);
            let pause = Duration::try_from(at.duration_since(now)).unwrap_or_default();
            let wakes = lock(&self.wakes);
            let waited = self
                .woken
                .wait_timeout_while(wakes, pause, |w| !w.wanted && !w.ended)
                .unwrap_or_else(PoisonError::into_inner);
            let mut wakes = waited.0;
            if wakes.ended {
                return;
            }
            wakes.wanted = false;
        }
    }

    /// A change of the clinic's people that was begun and cut off.
    fn finish(&self) -> Answer<()> {
        let staff = self.companion.staff();
        staff.blocking(&self.cancel, async |s: &_| s.finish().await)?;
        Ok(())
    }

    /// Follows the clinic API until the vault is closed, or fails.
    fn follow(&self, backoff: &mut Backoff) -> Answer<()> {
        let sync = self.companion.sync();
        sync.follow_blocking(&self.cancel, |event| match event {
            Followed::Round(report) => {
                backoff.succeeded();
                self.show(judge(report));
            }
            Followed::Failed(error) => self.show(Err((*error).into())),
            Followed::Live | Followed::Polling | _ => {}
        })?;
        Ok(())
    }

    /// A round over everything, now. The one in the background waits for it.
    fn round(&self) -> Answer<()> {
        let result = self.register().and_then(|()| {
            let sync = self.companion.sync();
            let report = sync.round_blocking(&self.cancel)?;
            judge(&report.unwrap_or_default())
        });
        self.show(result.clone());
        result
    }

    fn show(&self, result: Answer<()>) {
        let mut state = lock(&self.state);
        match result {
            Ok(()) => {
                state.view = SyncView {
                    last_ok: Some(self.env.now()),
                    problem: None,
                };
            }
            Err(problem) => state.view.problem = Some(problem),
        }
    }

    fn register(&self) -> Answer<()> {
        if lock(&self.state).registered {
            return Ok(());
        }
        let office = self.companion.office();
        match office.blocking(&self.cancel, async |o: &_| o.register().await) {
            Ok(_) => {
                lock(&self.state).registered = true;
                Ok(())
            }
            Err(SyncError::Refused(Code::NotAllowed)) => {
                let fingerprint = office.identity()?.map(|(root, ..)| root.to_string());
                Err(Problem::new(
                    Kind::Refused,
                    "clinic-unknown-to-server",
                    format!(
                        "The clinic's server doesn't know this clinic yet. Give its operator \
                         this fingerprint: {}",
                        fingerprint.unwrap_or_default()
                    ),
                )
                .passing())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What a round's report means for whoever sits here.
fn judge(report: &Report) -> Answer<()> {
    let serious = |alarm: &Alarm| !matches!(alarm, Alarm::OwnLogLonger(_));
    if report.alarms.iter().any(serious) {
        return Err(Problem::new(
            Kind::Tampered,
            "server-alarm",
            "The server showed something that doesn't verify. It was set aside and not used. \
             Ask whoever runs the clinic's server.",
        ));
    }
    Ok(())
}
