using RaftLog.Protocol;

namespace RaftLog.Broker.Runtime;

/// <summary>
/// A log in which the decisions of one leadership become records: the metadata log of a quorum, or a partition that this node leads.
/// </summary>
/// <typeparam name="TBatch">What one decision appends, as one batch.</typeparam>
internal interface IDecisionLog<in TBatch>
{
    /// <summary>Appends a batch, all or nothing; fenced by the leadership.</summary>
    DecidedAppend Append(TBatch batch);

    /// <summary>How far the log is committed in this leadership; an error when the leadership is over.</summary>
    ErrorCode TryGetCommitted(out Offset committed);
}

/// <summary>What became of a decision's batch.</summary>
/// <param name="Error">None when it is in the log.</param>
/// <param name="BaseOffset">The offset of its first record.</param>
/// <param name="End">The offset after its last record: what must be committed.</param>
internal readonly record struct DecidedAppend(ErrorCode Error, Offset BaseOffset, Offset End);
