using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>One request about a topic.</summary>
/// <param name="Node">Which node was asked.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Action">What was asked.</param>
/// <param name="Argument">The partitions or the setting that it was to have; for the reads, what was seen.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="InvokedUs">When the call began, in microseconds of the run.</param>
/// <param name="CompletedUs">When its response was there; null without one.</param>
public sealed record MetadataOperation(
    NodeId Node,
    string Topic,
    MetadataAction Action,
    TopicState Argument,
    SendOutcome Outcome,
    long InvokedUs,
    long? CompletedUs
)
{
    /// <inheritdoc />
    public override string ToString() =>
        Action switch
        {
            MetadataAction.Delete => $"delete {Topic}: {Outcome}",
            _ => $"{Action} {Topic} ({Argument}): {Outcome}",
        };
}
