namespace RaftLog.Client.Serialization;

/// <summary>A key or value cannot be written or read.</summary>
/// <param name="context">Where it belongs.</param>
/// <param name="message">What was tried, and where.</param>
/// <param name="inner">Why it failed.</param>
public sealed class RecordSerializationException(in SerializationContext context, string message, Exception inner)
    : Exception(message, inner)
{
    /// <summary>The topic.</summary>
    public string Topic { get; } = context.Topic;

    /// <summary>Key or value.</summary>
    public RecordPart Part { get; } = context.Part;
}
