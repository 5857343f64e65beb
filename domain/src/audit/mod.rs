//! What lets somebody who does not trust us check the ledger: signed checkpoints over a Merkle tree of it, and proofs that lead to them.

pub mod checkpoint;
pub mod key;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod trail;

pub use checkpoint::{Checkpoint, CheckpointSigned};
pub use key::{AuditKeyAdopted, Endorsement, PublicKey};
pub use note::SignedNote;
pub use proof::{ConsistencyProof, Proof, ProofFile};
