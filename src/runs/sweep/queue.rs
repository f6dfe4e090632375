//! Works a sweep off: one training at a time on each device. It acts on what the run directories say, never on what it
//! remembers, so a queue that was killed is replaced by a new one, which takes over the trainers that are still at work.

use super::{Sweep, SweepDir, SweepError, SweepStatus, summary};
use crate::runs::{LOOK_INTERVAL, Live, Liveness, RunState, RunsError, liveness, request_stop};
use crate::training::{Hold, RunDir, StopRequest, StopSignal};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A crash may be bad luck; a third one is not.
const MOST_STARTS: u32 = 3;
/// A trainer that has not taken its run this long after its start is lost.
const SLOW_START: Duration = Duration::from_secs(120);

/// Starts a detached trainer in a run, on a device where one is named. Returns when it has taken the run.
pub type Start<'a> = dyn Fn(&RunDir, Option<&str>) -> Result<u32, RunsError> + 'a;

/// Works the sweep off until nothing is left to start, or `stop` is raised: then the trainings at work are stopped cleanly and
/// the others stay waiting. Finished runs are passed over, stopped and failed ones continued. `tell` hears of every change.
///
/// # Errors
/// Another queue is at work, or the list cannot be read or written. A training that fails is no error: it is noted, the next starts.
pub fn work_off(
    dir: &SweepDir,
    start: &Start<'_>,
    stop: &StopSignal,
    tell: &mut dyn FnMut(&SweepStatus),
) -> Result<SweepStatus, SweepError> {
    let _hold = Hold::take(dir.as_run())?;
    let sweep = Sweep::read(dir)?;
    let mut queue = Queue { dir, slots: Slot::all(&sweep), sweep, start, starts: HashMap::new() };
    queue.take_over();
    loop {
        let stopping = stop.requested();
        let mut changed = queue.free_slots();
        match stopping {
            Some(request) => queue.ask_to_stop(request)?,
            None => changed |= queue.fill_slots(),
        }
        if changed {
            tell(&queue.note()?);
        }
        if queue.slots.iter().all(|slot| slot.work.is_none()) {
            // The queue itself ends here.
            return Ok(SweepStatus { queue: false, ..queue.note()? });
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

struct Queue<'a> {
    dir: &'a SweepDir,
    sweep: Sweep,
    slots: Vec<Slot>,
    start: &'a Start<'a>,
    /// How often this queue has started each point; those it is not to start again have the most.
    starts: HashMap<usize, u32>,
}

/// A place for one training.
struct Slot {
    device: Option<String>,
    work: Option<Work>,
}

struct Work {
    point: usize,
    live: Live,
    begun: Instant,
    asked: Option<StopRequest>,
}

impl Slot {
    fn all(sweep: &Sweep) -> Vec<Self> {
        let slot = |device| Self { device, work: None };
        if sweep.devices.is_empty() {
            vec![slot(None)]
        } else {
            sweep.devices.iter().cloned().map(Some).map(slot).collect()
        }
    }
}

impl Work {
    fn on(point: usize, run: RunDir) -> Self {
        Self { point, live: Live::new(run), begun: Instant::now(), asked: None }
    }

    /// How the training ended; `None` while it goes on.
    fn end(&mut self) -> Option<RunState> {
        self.live.look(Duration::MAX);
        match self.live.status().state {
            RunState::Starting | RunState::Running | RunState::Stalled => None,
            RunState::Waiting if self.begun.elapsed() < SLOW_START => None,
            RunState::Waiting => {
                Some(RunState::Failed("the trainer never began; see its console.log".into()))
            }
            over => Some(over),
        }
    }
}

impl Queue<'_> {
    /// The trainers that an earlier queue left at work get the slots of their devices, else any, else one of their own.
    fn take_over(&mut self) {
        for (point, run) in self.sweep.runs().into_iter().enumerate() {
            if liveness(&run) == Liveness::Gone {
                continue;
            }
            let device = self.sweep.points[point].device.clone();
            let is_free = |slot: &Slot| slot.work.is_none();
            let place = self.slots.iter().position(|s| is_free(s) && s.device == device);
            let place = place.or_else(|| self.slots.iter().position(is_free));
            let work = Some(Work::on(point, run));
            match place {
                Some(place) => self.slots[place].work = work,
                None => self.slots.push(Slot { device, work }),
            }
        }
    }

    /// Takes finished trainings out of their slots; whether there were any.
    fn free_slots(&mut self) -> bool {
        let mut freed = false;
        for slot in &mut self.slots {
            let Some(end) = slot.work.as_mut().and_then(Work::end) else { continue };
            let Some(work) = slot.work.take() else { continue };
            if end != RunState::Crashed {
                self.starts.insert(work.point, MOST_STARTS);
            }
            freed = true;
        }
        freed
    }

    /// Starts the next trainings on free devices; whether any was started or refused to.
    fn fill_slots(&mut self) -> bool {
        let mut changed = false;
        for place in 0..self.slots.len() {
            while self.slots[place].work.is_none() {
                let Some(point) = self.next() else { return changed };
                changed = true;
                self.begin(point, place);
            }
        }
        changed
    }

    /// The first point that has something left to do and was not tried too often.
    fn next(&self) -> Option<usize> {
        let busy = |point| self.slots.iter().any(|s| s.work.as_ref().is_some_and(|w| w.point == point));
        let tired = |point| self.starts.get(&point).is_some_and(|n| *n >= MOST_STARTS);
        let open = |point: usize| {
            let run = self.sweep.run(&self.sweep.points[point]);
            Live::open(run).is_ok_and(|live| live.status().state != RunState::Done)
        };
        (0..self.sweep.points.len()).find(|&p| !busy(p) && !tired(p) && open(p))
    }

    fn begin(&mut self, point: usize, place: usize) {
        *self.starts.entry(point).or_default() += 1;
        let run = self.sweep.run(&self.sweep.points[point]);
        let device = self.slots[place].device.clone();
        let started = (self.start)(&run, device.as_deref());
        let entry = &mut self.sweep.points[point];
        (entry.device, entry.message) = (device, String::new());
        match started {
            Ok(_) => self.slots[place].work = Some(Work::on(point, run)),
            Err(error) => {
                entry.message = error.to_string();
                self.starts.insert(point, MOST_STARTS);
            }
        }
    }

    /// Asks every training at work once, and again when it becomes more urgent. One that has just ended needs no asking.
    fn ask_to_stop(&mut self, request: StopRequest) -> Result<(), SweepError> {
        for work in self.slots.iter_mut().filter_map(|s| s.work.as_mut()) {
            // A trainer that is just starting forgets what was asked of an earlier one.
            let is_forgotten = || !work.live.dir().stop_request().exists() && request == StopRequest::Clean;
            if work.asked.is_none_or(|asked| asked < request) || is_forgotten() {
                match request_stop(work.live.dir(), request == StopRequest::Now) {
                    Ok(()) => work.asked = Some(request),
                    Err(RunsError::NotRunning(_)) => {}
                    Err(error) => tracing::warn!("{error}"),
                }
            }
        }
        Ok(())
    }

    /// Writes the states, and the summary of what is finished.
    fn note(&mut self) -> Result<SweepStatus, SweepError> {
        let mut status = SweepStatus::of(self.dir.clone())?;
        for (entry, now) in self.sweep.points.iter_mut().zip(&status.points) {
            entry.state = now.run.state.word().into();
            if let RunState::Failed(message) = &now.run.state {
                entry.message.clone_from(message);
            }
        }
        self.sweep.write(self.dir)?;
        status.sweep = self.sweep.clone();
        summary::write(&status)?;
        Ok(status)
    }
}
