namespace RaftLog.Client.Serialization;

/// <summary>Where the bytes belong.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Part">Key or value.</param>
public readonly record struct SerializationContext(string Topic, RecordPart Part);
