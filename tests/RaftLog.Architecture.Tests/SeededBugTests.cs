namespace RaftLog.Architecture.Tests;

/// <summary>The bugs that the proof is tested with are in no program that is shipped: not switched off, but absent.</summary>
public sealed class SeededBugTests
{
#if SEEDED_BUGS
    private const bool AreCompiled = true;
#else
    private const bool AreCompiled = false;
#endif

    [Fact]
    public void Only_their_own_configuration_holds_seeded_bugs() =>
        Assert.Equal(
            AreCompiled,
            Repository.Projects.Where(project => Rooms.Find(project) is { Kind: not RoomKind.CompileTime }).Any(Names)
        );

    /// <summary>Elsewhere a bug is a call of a partial method, which the compiler leaves out where no such file gives it a body.</summary>
    [Fact]
    public void Product_files_hold_hooks_and_no_seeded_bugs()
    {
        IEnumerable<string> sources = Repository
            .SourcesBelow("src")
            .Where(static file =>
                file.EndsWith(".cs", StringComparison.Ordinal) && !file.EndsWith(".SeededBugs.cs", StringComparison.Ordinal)
            );

        RoomTests.AssertNone(sources.Where(static file => File.ReadLines(Repository.At(file)).Any(IsBug)));
    }

    [Theory]
    [InlineData("#if SEEDED_BUGS", true)]
    [InlineData("        if (SeededBug.Is(12))", true)]
    [InlineData("        SeededBugHidesFailure(ref flushed);", false)]
    public void A_line_with_a_bug_is_told_from_a_hook(string line, bool isBug) => Assert.Equal(isBug, IsBug(line));

    private static bool IsBug(string line) =>
        line.Contains("SEEDED_BUGS", StringComparison.Ordinal) || line.Contains("SeededBug.", StringComparison.Ordinal);

    [Fact]
    public void A_name_in_an_assembly_is_found() => Assert.True(Names(typeof(SeededBugTests).Assembly.Location, "SeededBug"u8));

    private static bool Names(string project) =>
        Names(Path.Combine(AppContext.BaseDirectory, $"{(project == "RaftLog.Cli" ? "raftlog" : project)}.dll"), "SeededBug"u8);

    /// <summary>Names of types and members lie in an assembly as UTF-8; texts, which may speak of the configuration, do not.</summary>
    private static bool Names(string file, ReadOnlySpan<byte> name) => File.ReadAllBytes(file).AsSpan().IndexOf(name) >= 0;
}
