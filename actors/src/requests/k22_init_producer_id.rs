//! InitProducerId (key 22), versions 0–5: an id for an idempotent producer (KIP-98).
//!
//! | version | added |
//! |---|---|
//! | 2 | flexible |
//! | 3 | the id and epoch the producer has (KIP-360) |
//! | 4 | PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH |
//! | 5 | TRANSACTION_ABORTABLE |

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use ottla_core::base::ProducerId;

use super::Request;

/// Answers with a fresh id.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<InitProducerIdRequest>() else { return };
    actix_rt::spawn(serve(request, body));
}

async fn serve(request: Request, body: InitProducerIdRequest) {
    let answer = match check(&body) {
        Ok(()) => {
            let ids = &request.node.producer_ids;
            // Kafka's clients take any of these as a reason to ask again
            let unavailable = |_| ResponseError::CoordinatorNotAvailable;
            ids.next(&request.node.controller).await.map_err(unavailable)
        }
        Err(code) => Err(code),
    };
    request.respond(&match answer {
        // without a transaction the epoch a producer has is of no account: it gets a new id
        Ok(id) => response(id, 0, 0),
        Err(code) => response(ProducerId::NONE, -1, code.code()),
    });
}

fn check(body: &InitProducerIdRequest) -> Result<(), ResponseError> {
    if (body.producer_id.0 == -1) != (body.producer_epoch == -1) {
        return Err(ResponseError::InvalidRequest);
    }
    match &body.transactional_id {
        None => Ok(()),
        Some(id) if id.is_empty() => Err(ResponseError::InvalidRequest),
        // no broker coordinates transactions
        Some(_) => Err(ResponseError::CoordinatorNotAvailable),
    }
}

fn response(id: ProducerId, epoch: i16, code: i16) -> InitProducerIdResponse {
    InitProducerIdResponse::default()
        .with_error_code(code)
        .with_producer_id(id.0.into())
        .with_producer_epoch(epoch)
}
