using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Control;

/// <summary>The metadata log as the controller writes it; only to be called in the quorum's event loop.</summary>
internal interface IMetadataAppender : IDecisionLog<DecidedMetadata>
{
    /// <summary>Where the next record will lie.</summary>
    Offset EndOffset { get; }

    /// <summary>
    /// Asks for <see cref="ActiveController.Committed"/> after this input, since a response may be due without a new record.
    /// </summary>
    void ReviewCommitted();
}

/// <summary>The records of one decision of the controller.</summary>
/// <param name="Records">The records; at least one.</param>
/// <param name="Level">The metadata version that they are written at.</param>
internal readonly record struct DecidedMetadata(IReadOnlyList<IMetadataRecord> Records, MetadataVersion Level);
