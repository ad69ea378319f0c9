using System.Globalization;
using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>A voter of the metadata quorum as <c>controller.quorum.voters</c> names it.</summary>
/// <param name="Id">The node.</param>
/// <param name="Host">Where its controller listener is reached.</param>
/// <param name="Port">The port of that listener.</param>
public readonly record struct QuorumVoter(NodeId Id, string Host, int Port)
{
    /// <summary>Reads <c>id@host:port</c>.</summary>
    public static bool TryParse(string text, out QuorumVoter voter)
    {
        voter = default;
        int at = text.IndexOf('@');
        if (
            at <= 0
            || !int.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            || !Listener.TryParseAddress(text[(at + 1)..], out string? host, out int port)
            || host.Length == 0
        )
        {
            return false;
        }

        voter = new(new NodeId(id), host, port);
        return true;
    }

    /// <summary>The form of the configuration.</summary>
    public override string ToString() => Host.Contains(':') ? $"{Id}@[{Host}]:{Port}" : $"{Id}@{Host}:{Port}";
}
