namespace RaftLog.Broker.Coordination;

/// <summary>What one decision of a coordinator appends.</summary>
/// <param name="Bytes">One batch; offset and leader epoch are assigned by the log.</param>
/// <param name="MarkerVersion">The transaction version of a marker that another coordinator asked for; null for a batch of records.</param>
internal readonly record struct DecidedBatch(Memory<byte> Bytes, short? MarkerVersion = null);
