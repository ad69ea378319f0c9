namespace RaftLog.Protocol.Wire;

/// <summary>A message whose type says its name and versions, for code that is generic over messages.</summary>
public interface IVersionedMessage : IMessage
{
    /// <summary>The name in the protocol, with its suffix: <c>FetchRequest</c>.</summary>
    static abstract string MessageName { get; }

    /// <summary>The lowest version that can be read and written.</summary>
    static abstract short LowestVersion { get; }

    /// <summary>The highest version that can be read and written.</summary>
    static abstract short HighestVersion { get; }

    /// <summary>The first version with compact lengths and tagged fields (KIP-482); 32767 when there is none.</summary>
    static abstract short FirstFlexibleVersion { get; }
}
