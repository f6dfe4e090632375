//! Augmented patches for their screen. The crops are read once per opening and settings; of the requests only the newest is
//! answered. Leaving the screen lets the crops go.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use super::sentence;
use crate::dataset::Project;
use crate::training::{Gallery, PatchPage, Wishes, settings};
use crate::workbench::message::Msg;
use crate::workbench::model::PatchRequest;

/// What is to be shown.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) project: Arc<Project>,
    pub(super) wanted: PatchRequest,
    pub(super) generation: u64,
}

/// The crops in memory, and what they were read for.
type Held = Option<(PatchRequest, Arc<Gallery>)>;

/// Starts the lane; its only slot holds the newest request, or that nothing is wanted any more.
pub(super) fn start(sender: UnboundedSender<Msg>) -> watch::Sender<Option<Request>> {
    let (slot, mut requests) = watch::channel(None::<Request>);
    tokio::spawn(async move {
        let mut held: Held = None;
        while requests.changed().await.is_ok() {
            let Some(request) = requests.borrow_and_update().clone() else {
                held = None;
                continue;
            };
            let generation = request.generation;
            let before = held.take();
            let made = tokio::task::spawn_blocking(move || look(&request, before)).await;
            let answer = match made {
                Ok(Ok((page, now))) => {
                    held = now;
                    Ok(Arc::new(page))
                }
                Ok(Err(why)) => Err(why),
                Err(error) => Err(format!("a worker failed: {error}")),
            };
            sender.send(Msg::Patches { generation, answer }).ok();
        }
    });
    slot
}

fn look(request: &Request, held: Held) -> Result<(PatchPage, Held), String> {
    let wanted = &request.wanted;
    let gallery = match held {
        Some((of, gallery)) if of.reads_the_same(wanted) => gallery,
        _ => Arc::new(read(&request.project, wanted)?),
    };
    let page = gallery.page(wanted.number, wanted.draws.clone());
    let page = page.ok_or_else(|| "there are no training patches".to_owned())?;
    Ok((page, Some((wanted.clone(), gallery))))
}

fn read(project: &Project, wanted: &PatchRequest) -> Result<Gallery, String> {
    let wishes = Wishes {
        seed: wanted.seed,
        fold: wanted.fold.clone(),
        augment: Some(wanted.preset.clone()).filter(|preset| !preset.is_empty()),
        ..Wishes::default()
    };
    let config = settings(project, &wishes).map_err(|error| sentence(&error))?;
    Gallery::open(project, config).map_err(|error| sentence(&error))
}
