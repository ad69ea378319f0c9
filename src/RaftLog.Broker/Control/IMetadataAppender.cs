using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Control;

/// <summary>The metadata log as the controller writes it; only to be called in the quorum's event loop.</summary>
internal interface IMetadataAppender
{
    /// <summary>Where the next record will lie.</summary>
    Offset EndOffset { get; }

    /// <summary>Appends a batch and returns its base offset; null when this node does not lead.</summary>
    Offset? TryAppend(IReadOnlyList<IMetadataRecord> records, MetadataVersion level);

    /// <summary>Asks for <see cref="ActiveController.Committed"/> after this input, since an answer may be due without a new record.</summary>
    void ReviewCommitted();
}
