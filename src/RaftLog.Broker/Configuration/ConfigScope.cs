namespace RaftLog.Broker.Configuration;

/// <summary>Of what the value of a key may be set on the running cluster.</summary>
public enum ConfigScope : byte
{
    /// <summary>Of nothing: it stands in the node's file, and the node must be restarted.</summary>
    None,

    /// <summary>Of one listener of a broker, with <c>listener.name.NAME.</c> before the key. RaftLog has no such settings.</summary>
    OneListener,

    /// <summary>Of one broker.</summary>
    OneBroker,

    /// <summary>Of one broker, or of all.</summary>
    Any,
}
