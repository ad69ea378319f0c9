using System.Text;
using System.Text.Json;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The marker of a clean stop, <c>.kafka_cleanshutdown</c>, which also says in which broker epoch the node stopped (KIP-966).
/// </summary>
internal static class CleanShutdownFile
{
    public const string Name = ".kafka_cleanshutdown";

    /// <summary>
    /// Reads the marker; null where there is none. An epoch that is not written or not readable is <see cref="BrokerEpoch.None"/>.
    /// </summary>
    public static BrokerEpoch? Read(IDisk disk, string directory)
    {
        if (AtomicFile.Read(disk, $"{directory}/{Name}") is not { } bytes)
        {
            return null;
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes);
            return
                json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("brokerEpoch", out JsonElement epoch)
                && epoch.TryGetInt64(out long value)
                ? new BrokerEpoch(value)
                : BrokerEpoch.None;
        }
        catch (JsonException)
        {
            return BrokerEpoch.None;
        }
    }

    /// <summary>Writes the marker durably: the last thing that a node does to a directory.</summary>
    public static ValueTask WriteAsync(IDisk disk, string directory, BrokerEpoch epoch) =>
        AtomicFile.WriteAsync(disk, directory, Name, Encoding.UTF8.GetBytes($$"""{"version":0,"brokerEpoch":{{epoch}}}"""));
}
