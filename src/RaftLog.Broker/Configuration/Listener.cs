using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RaftLog.Broker.Configuration;

/// <summary>One address that a node listens on, or is to be reached at.</summary>
/// <param name="Name">The listener's name, in capitals.</param>
/// <param name="Host">Host name or address; empty for every address of the machine.</param>
/// <param name="Port">The port; 0 lets the system choose.</param>
public readonly record struct Listener(string Name, string Host, int Port)
{
    private const string Separator = "://";
    private const int LargestPort = 65535;

    /// <summary>True for an address that means every address of the machine, which nobody else can connect to.</summary>
    public bool IsWildcard => Host is "" or "0.0.0.0" or "::";

    /// <summary>Reads <c>NAME://host:port</c>; an IPv6 address stands in brackets.</summary>
    public static bool TryParse(string text, out Listener listener)
    {
        listener = default;
        int separator = text.IndexOf(Separator, StringComparison.Ordinal);
        if (separator <= 0 || !TryParseAddress(text[(separator + Separator.Length)..], out string? host, out int port))
        {
            return false;
        }

        listener = new(text[..separator].Trim().ToUpperInvariant(), host, port);
        return true;
    }

    /// <summary>Reads <c>host:port</c>.</summary>
    internal static bool TryParseAddress(string text, [NotNullWhen(true)] out string? host, out int port)
    {
        int colon = text.LastIndexOf(':');
        host = null;
        port = 0;
        if (
            colon < 0
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
            || port > LargestPort
        )
        {
            return false;
        }

        string name = text[..colon];
        bool bracketed = name.StartsWith('[') && name.EndsWith(']');
        if (!bracketed && name.AsSpan().ContainsAny(":[] /"))
        {
            return false;
        }

        host = bracketed ? name[1..^1] : name;
        return true;
    }

    /// <summary>The form of the configuration.</summary>
    public override string ToString() => Host.Contains(':') ? $"{Name}://[{Host}]:{Port}" : $"{Name}://{Host}:{Port}";
}
