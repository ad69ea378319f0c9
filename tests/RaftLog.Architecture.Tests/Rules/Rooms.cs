namespace RaftLog.Architecture.Tests;

/// <summary>What a room may do.</summary>
internal enum RoomKind
{
    /// <summary>Runs at compile time only.</summary>
    CompileTime,

    /// <summary>The shared words: no effects, but codecs use what they like.</summary>
    Words,

    /// <summary>The only room that touches the world.</summary>
    Platform,

    /// <summary>Decides, and does nothing else.</summary>
    Pure,

    /// <summary>Plain async code over the seams.</summary>
    Shell,

    /// <summary>Async code over the seams that is a program, or makes one: it has a console, files and processes of its own.</summary>
    Rim,

    /// <summary>Makes the worlds that others run in: owns threads, may not own chance.</summary>
    WorldMaker,
}

/// <summary>A project under <c>src</c>.</summary>
/// <param name="Layer">It references lower layers only.</param>
/// <param name="Kind">What it may do.</param>
internal sealed record Room(int Layer, RoomKind Kind);

/// <summary>The plan of the house. A new project gets a line here before it gets a reference.</summary>
internal static class Rooms
{
    private static readonly SortedDictionary<string, Room> Plan = new(StringComparer.Ordinal)
    {
        ["RaftLog.Protocol.Generator"] = new(0, RoomKind.CompileTime),
        ["RaftLog.Protocol"] = new(0, RoomKind.Words),
        ["RaftLog.Platform"] = new(1, RoomKind.Platform),
        ["RaftLog.Storage"] = new(2, RoomKind.Shell),
        ["RaftLog.Raft"] = new(3, RoomKind.Pure),
        ["RaftLog.Replication"] = new(3, RoomKind.Pure),
        ["RaftLog.Metadata"] = new(3, RoomKind.Pure),
        ["RaftLog.Coordination"] = new(3, RoomKind.Pure),
        ["RaftLog.Checking"] = new(3, RoomKind.Pure),
        ["RaftLog.Broker"] = new(4, RoomKind.Shell),
        ["RaftLog.Client"] = new(4, RoomKind.Shell),
        ["RaftLog.Client.Hosting"] = new(5, RoomKind.Shell),
        ["RaftLog.Testing"] = new(5, RoomKind.Rim),
        ["RaftLog.Client.MessagePack"] = new(5, RoomKind.Shell),
        ["RaftLog.Simulation"] = new(5, RoomKind.WorldMaker),
        ["RaftLog.Cli"] = new(6, RoomKind.Rim),
        ["RaftLog.Jepsen"] = new(6, RoomKind.Rim),
    };

    internal static Room? Find(string project) => Plan.GetValueOrDefault(project);

    /// <summary>Why a reference between two projects is not allowed; null when it is.</summary>
    internal static string? WhyNot(string from, string to)
    {
        if (Find(from) is not { } lower)
        {
            return $"{from} has no place in the plan: add it to Rooms.cs and to ARCHITECTURE";
        }

        if (Find(to) is not { } upper)
        {
            return $"{from} references {to}, which has no place in the plan";
        }

        if (upper.Layer >= lower.Layer)
        {
            return $"{from} (layer {lower.Layer}) references {to} (layer {upper.Layer}): only lower layers may be referenced";
        }

        return lower.Kind == RoomKind.Pure && upper.Kind != RoomKind.Words
            ? $"{from} is pure and references {to}: a pure room sees Protocol only"
            : null;
    }

    /// <summary>The bans that hold in a room.</summary>
    internal static IReadOnlyList<Ban> BansFor(RoomKind kind) =>
        kind switch
        {
            RoomKind.CompileTime => [],
            RoomKind.Words or RoomKind.Platform => Bans.Everywhere,
            RoomKind.Pure => [.. Bans.Everywhere, .. Bans.Pure],
            RoomKind.Shell => [.. Bans.Everywhere, .. Bans.Shell, .. Bans.World],
            RoomKind.Rim =>
            [
                .. Bans.Everywhere,
                .. Bans.Shell.Where(ban => ban.What is not ("System.Diagnostics.Stopwatch" or "System.Environment::Exit")),
            ],
            RoomKind.WorldMaker =>
            [
                .. Bans.Everywhere,
                .. Bans.Shell.Where(ban => ban.What is "System.Random" || ban.What.StartsWith("System.Guid", StringComparison.Ordinal)),
            ],
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a kind without rules"),
        };
}
