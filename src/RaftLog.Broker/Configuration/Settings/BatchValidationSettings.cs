namespace RaftLog.Broker.Configuration;

/// <summary>How deep a produced batch is checked (<c>raftlog.produce.batch.validation</c>).</summary>
public enum BatchValidationSettings : byte
{
    /// <summary>Every record of every batch, compressed ones decompressed.</summary>
    Strict,

    /// <summary>The header of a compressed batch is believed, unless its topic is compacted.</summary>
    Relaxed,
}
