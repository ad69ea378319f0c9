namespace RaftLog.Differential.Tests.Exchange;

/// <summary>The topics of a life, one partition each.</summary>
internal static class LifeTopics
{
    /// <summary>All codecs of one idempotent producer; the oldest records are deleted on request.</summary>
    public const string Codecs = "life-codecs";

    /// <summary>Transactions that were committed, aborted and left open, over several segments.</summary>
    public const string Transactions = "life-transactions";

    /// <summary>Compacted, with tombstones and with what transactions have aborted.</summary>
    public const string Compacted = "life-compacted";

    /// <summary>Limited in size.</summary>
    public const string Retained = "life-retained";

    /// <summary>The smallest segment that Kafka allows.</summary>
    public const int SegmentBytes = 1 << 20;

    /// <summary>All.</summary>
    public static IReadOnlyList<string> All { get; } = [Codecs, Transactions, Compacted, Retained];
}
