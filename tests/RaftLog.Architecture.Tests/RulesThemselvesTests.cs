using RaftLog.Architecture.Tests.Planted;

namespace RaftLog.Architecture.Tests;

/// <summary>Every rule can fail: it is held against types of this assembly, and texts, that break it.</summary>
public sealed class RulesThemselvesTests
{
    private static readonly CompiledAssembly Ours = CompiledAssembly.Read(typeof(RulesThemselvesTests).Assembly.Location);

    [Theory]
    [InlineData(typeof(FlushesByRandomAccess))]
    [InlineData(typeof(FlushesByStream))]
    public void A_flush_of_the_library_is_seen_everywhere(Type offence)
    {
        foreach (RoomKind kind in Enum.GetValues<RoomKind>())
        {
            Assert.Equal(kind != RoomKind.CompileTime, Violates(offence, Rooms.BansFor(kind)));
        }
    }

    [Theory]
    [InlineData(typeof(Locks))]
    [InlineData(typeof(Awaits))]
    [InlineData(typeof(SignsWithAStream))]
    [InlineData(typeof(ReadsTheClock))]
    [InlineData(typeof(TicksTheStopwatch))]
    [InlineData(typeof(MakesAGuid))]
    [InlineData(typeof(DrawsChance))]
    [InlineData(typeof(DrawsEntropy))]
    [InlineData(typeof(ReadsTheEnvironment))]
    [InlineData(typeof(OrdersByHash))]
    [InlineData(typeof(SharesByConcurrency))]
    [InlineData(typeof(OpensAFile))]
    [InlineData(typeof(OpensASocket))]
    [InlineData(typeof(OwnsAThread))]
    [InlineData(typeof(TakesTheSystemClock))]
    public void An_effect_in_a_pure_room_is_seen(Type offence) => Assert.True(Violates(offence, Rooms.BansFor(RoomKind.Pure)));

    [Theory]
    [InlineData(typeof(LeavesTheContext))]
    [InlineData(typeof(RunsOnThePool))]
    [InlineData(typeof(QueuesToThePool))]
    [InlineData(typeof(DelaysByTheSystemClock))]
    [InlineData(typeof(TimesByTheSystemClock))]
    [InlineData(typeof(TimesOutByTheSystemClock))]
    [InlineData(typeof(BlocksOnAResult))]
    [InlineData(typeof(BlocksOnASemaphore))]
    [InlineData(typeof(ReadsAllOfAChannel))]
    [InlineData(typeof(AwaitsTheFirst))]
    [InlineData(typeof(OwnsAThread))]
    [InlineData(typeof(ReadsTheClock))]
    [InlineData(typeof(MakesAGuid))]
    [InlineData(typeof(DrawsChance))]
    [InlineData(typeof(EndsTheProcess))]
    public void What_a_simulator_cannot_drive_is_seen_in_shell_and_rim(Type offence)
    {
        Assert.True(Violates(offence, Rooms.BansFor(RoomKind.Shell)));
        Assert.True(Violates(offence, Rooms.BansFor(RoomKind.Rim)));
    }

    [Theory]
    [InlineData(typeof(OpensAFile))]
    [InlineData(typeof(OpensASocket))]
    [InlineData(typeof(DrawsEntropy))]
    [InlineData(typeof(TakesTheSystemClock))]
    public void The_world_behind_the_seams_is_seen_in_shell(Type offence) => Assert.True(Violates(offence, Rooms.BansFor(RoomKind.Shell)));

    [Theory]
    [InlineData(typeof(FlushesTheStreamsBufferOnly))]
    [InlineData(typeof(DelaysByAGivenClock))]
    [InlineData(typeof(CancelsByHand))]
    [InlineData(typeof(AwaitsASemaphore))]
    [InlineData(typeof(Locks))]
    [InlineData(typeof(Awaits))]
    public void What_a_simulator_can_drive_is_allowed_in_the_rim(Type harmless) =>
        Assert.False(Violates(harmless, Rooms.BansFor(RoomKind.Rim)));

    [Fact]
    public void Chance_is_seen_in_the_maker_of_worlds_too()
    {
        Assert.True(Violates(typeof(DrawsChance), Rooms.BansFor(RoomKind.WorldMaker)));
        Assert.True(Violates(typeof(MakesAGuid), Rooms.BansFor(RoomKind.WorldMaker)));
        Assert.False(Violates(typeof(OwnsAThread), Rooms.BansFor(RoomKind.WorldMaker)));
    }

    [Fact]
    public void A_catch_is_seen() => Assert.Contains(Ours.Catches, caller => IsIn(caller, typeof(Catches)));

    [Fact]
    public void Static_state_is_seen_and_constants_are_not()
    {
        List<string> found = [.. StaticState.Violations(Ours.StaticFields)];
        Assert.Contains(found, violation => IsIn(violation, typeof(KeepsState)));
        Assert.Contains(found, violation => IsIn(violation, typeof(KeepsAProperty)));
        Assert.Contains(found, violation => IsIn(violation, typeof(KeepsAChangingObject)));
        Assert.DoesNotContain(found, violation => IsIn(violation, typeof(KeepsConstants)));
    }

    [Fact]
    public void A_reference_that_climbs_is_seen()
    {
        Assert.Null(Rooms.WhyNot("RaftLog.Broker", "RaftLog.Raft"));
        Assert.Null(Rooms.WhyNot("RaftLog.Raft", "RaftLog.Protocol"));
        Assert.NotNull(Rooms.WhyNot("RaftLog.Storage", "RaftLog.Broker"));
        Assert.NotNull(Rooms.WhyNot("RaftLog.Broker", "RaftLog.Client"));
        Assert.NotNull(Rooms.WhyNot("RaftLog.Raft", "RaftLog.Replication"));
        Assert.NotNull(Rooms.WhyNot("RaftLog.Raft", "RaftLog.Platform"));
        Assert.NotNull(Rooms.WhyNot("RaftLog.Unplanned", "RaftLog.Protocol"));
        Assert.NotNull(Rooms.WhyNot("RaftLog.Broker", "RaftLog.Unplanned"));
    }

    [Fact]
    public void Compiled_references_are_read() => Assert.Contains("RaftLog.Protocol", Ours.References);

    [Fact]
    public void A_file_that_is_too_long_is_seen()
    {
        string longest = new('\n', SourceRules.MaxLines);
        Assert.Empty(SourceRules.TooLong([("a.cs", longest)]));
        Assert.Single(SourceRules.TooLong([("a.cs", longest + "\n")]));
    }

    [Fact]
    public void A_type_in_several_files_is_seen()
    {
        const string part = "namespace A.B;\n\npublic sealed partial class God\n{\n}\n";
        const string other = "namespace A.C;\n\ninternal static partial class God\n{\n}\n";
        const string comment = "namespace A.B;\n\n// no partial class God here\nclass Other\n{\n}\n";
        Assert.Empty(SourceRules.Scattered([("1.cs", part), ("2.cs", other), ("3.cs", comment)]));
        Assert.Single(SourceRules.Scattered([("1.cs", part), ("2.cs", part)]));
    }

    [Fact]
    public void A_wrong_number_is_seen()
    {
        Assert.Empty(SourceRules.Misnumbered(["x/00_ProduceRequest.schema", "x/18_ApiVersionsResponse.schema"]));
        Assert.Single(SourceRules.Misnumbered(["x/02_ProduceRequest.schema"]));
        Assert.Single(SourceRules.Misnumbered(["x/999_ProduceRequest.schema"]));
        Assert.Single(SourceRules.Misnumbered(["x/ProduceRequest.schema"]));
    }

    [Fact]
    public void A_handler_without_its_number_is_seen()
    {
        const string handler =
            "internal sealed class ProduceHandler(int x)\n    : IRequestHandler<ProduceRequest, ProduceResponse>\n{\n}\n";
        const string generic = "class Forward<TRequest, T>(int x) : IRequestHandler<TRequest, T>\n    where T : class\n{\n}\n";
        Assert.Empty(SourceRules.Unnumbered([("x/00_Produce.cs", handler), ("x/Forward.cs", generic), ("x/Other.cs", "class Other { }")]));
        Assert.Single(SourceRules.Unnumbered([("x/ProduceHandler.cs", handler)]));
        Assert.Single(SourceRules.Unnumbered([("x/01_Produce.cs", handler)]));
    }

    [Theory]
    [InlineData("public Action? WarmUp { get; set; }", true)]
    [InlineData("internal Func<List<Uuid>, (int, long)> Next { get; internal set; } = _ => default;", true)]
    [InlineData("public Action<int> Told { get; init; }", false)]
    [InlineData("public Action<int> Told { get; private set; }", false)]
    [InlineData("public event Action<int>? Told;", false)]
    [InlineData("public Transaction Action { get; set; }", false)]
    public void A_callback_that_is_set_later_is_seen(string member, bool isSeen) =>
        Assert.Equal(isSeen ? 1 : 0, SourceRules.SetLater([("a.cs", $"class A {{ {member} }}")]).Count());

    private static bool Violates(Type planted, IReadOnlyList<Ban> bans) =>
        Ban.Violations(Ours.Uses.Where(use => IsIn(use.Caller, planted)), bans).Count > 0;

    private static bool IsIn(string caller, Type planted) =>
        caller.StartsWith(planted.FullName + ".", StringComparison.Ordinal)
        || caller.StartsWith(planted.FullName + "+", StringComparison.Ordinal);
}
