//! Producer ids, handed out from blocks that the controller allocates (KIP-730).

use ottla_core::base::ProducerId;
use tokio::sync::Mutex;

use crate::controller::{ControllerError, ControllerHandle};

/// The block in use.
#[derive(Debug, Default)]
pub struct ProducerIds(Mutex<Block>);

#[derive(Debug, Default)]
struct Block {
    next: i64,
    end: i64,
}

impl ProducerIds {
    /// An id nobody else has; asks the controller for a block when the last one is used up.
    ///
    /// # Errors
    /// When the controller gives none.
    pub async fn next(&self, controller: &ControllerHandle) -> Result<ProducerId, ControllerError> {
        let mut block = self.0.lock().await;
        if block.next >= block.end {
            let fresh = controller.allocate_producer_ids().await?;
            *block = Block { next: fresh.first.0, end: fresh.first.0.saturating_add(fresh.count) };
        }
        let id = block.next;
        block.next += 1;
        Ok(ProducerId(id))
    }
}
