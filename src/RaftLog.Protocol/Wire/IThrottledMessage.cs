namespace RaftLog.Protocol.Wire;

/// <summary>A response that can ask its client to be silent for a while (KIP-219).</summary>
public interface IThrottledMessage : IMessage
{
    /// <summary>Milliseconds that the client must stay silent for; 0 for none.</summary>
    int ThrottleTimeMs { get; set; }
}
