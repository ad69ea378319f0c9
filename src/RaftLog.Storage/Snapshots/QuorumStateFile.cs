using System.Buffers;
using System.Text.Json;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The <c>quorum-state</c> file of the metadata log's directory: one line of JSON. It is on the disk before a vote or an epoch takes
/// effect, so await <see cref="WriteAsync"/> before anything is sent that rests on it.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="directory">The metadata log's directory.</param>
public sealed class QuorumStateFile(IDisk disk, string directory)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "quorum-state";

    /// <summary>Reads the file; null where it is absent: the node has never taken part.</summary>
    /// <exception cref="LogDirectoryException">The file is damaged. Going on as if it were absent could vote twice in one
    /// epoch.</exception>
    /// <exception cref="DiskException">The disk failed.</exception>
    public QuorumState? Read()
    {
        if (AtomicFile.Read(disk, $"{directory}/{FileName}") is not { } bytes)
        {
            return null;
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes);
            return Parse(json.RootElement);
        }
        catch (Exception damage) when (damage is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new LogDirectoryException(
                directory,
                $"{directory}/{FileName} is damaged ({damage.Message}); restore it, or format the node anew and add it to the quorum again"
            );
        }
    }

    /// <summary>Replaces the file durably.</summary>
    /// <exception cref="DiskException">The disk failed: the state did not take effect, and the node must stop.</exception>
    public ValueTask WriteAsync(QuorumState state, QuorumStateVersion version)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json, state, version);
        }

        return AtomicFile.WriteAsync(disk, directory, FileName, buffer.WrittenMemory, waits: true);
    }

    private static void Write(Utf8JsonWriter json, QuorumState state, QuorumStateVersion version)
    {
        json.WriteStartObject();
        if (version == QuorumStateVersion.StaticVoters)
        {
            json.WriteString("clusterId", string.Empty);
        }

        json.WriteNumber("leaderId", state.Leader.Value);
        json.WriteNumber("leaderEpoch", state.Epoch.Value);
        json.WriteNumber("votedId", state.Voted.Value);
        if (version == QuorumStateVersion.DynamicVoters)
        {
            json.WriteString("votedDirectoryId", state.VotedDirectory.ToString());
        }
        else
        {
            json.WriteNumber("appliedOffset", 0);
            json.WriteStartArray("currentVoters");
            foreach (NodeId voter in state.Voters)
            {
                json.WriteStartObject();
                json.WriteNumber("voterId", voter.Value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteNumber("data_version", (int)version);
        json.WriteEndObject();
    }

    private static QuorumState Parse(JsonElement json)
    {
        int version = json.GetProperty("data_version").GetInt32();
        if (version is < 0 or > 1)
        {
            throw new FormatException($"data_version {version} is not known");
        }

        List<NodeId> voters = [];
        if (version == 0 && json.TryGetProperty("currentVoters", out JsonElement listed) && listed.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement voter in listed.EnumerateArray())
            {
                voters.Add(new NodeId(voter.GetProperty("voterId").GetInt32()));
            }
        }

        Uuid directoryId = Uuid.Zero;
        if (version == 1 && !Uuid.TryParse(json.GetProperty("votedDirectoryId").GetString(), out directoryId))
        {
            throw new FormatException("votedDirectoryId is not an id of 22 characters");
        }

        return new QuorumState(
            new LeaderEpoch(json.GetProperty("leaderEpoch").GetInt32()),
            new NodeId(json.GetProperty("leaderId").GetInt32()),
            new NodeId(json.GetProperty("votedId").GetInt32()),
            directoryId,
            voters
        );
    }
}
