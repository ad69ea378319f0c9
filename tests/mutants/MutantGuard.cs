namespace RaftLog.Mutants;

/// <summary>The class that a changed project gets, which says whether a mutant is switched on in this process.</summary>
internal static class MutantGuard
{
    /// <summary>The environment variable with the mutant's number.</summary>
    public const string Variable = "RAFTLOG_MUTANT";

    /// <summary>The name of its file.</summary>
    public const string FileName = "MutantGuard.g.cs";

    /// <summary>The name of the class in a room's project. Each project has its own: some see the internals of others.</summary>
    public static string NameIn(Room room) => "Mutant" + Path.GetExtension(room.Project).TrimStart('.');

    /// <summary>Its source.</summary>
    public static string SourceIn(Room room) =>
        $$"""
            internal static class {{NameIn(room)}}
            {
                private static readonly string On = System.Environment.GetEnvironmentVariable("{{Variable}}");
                private static readonly int Number = int.TryParse(On, out int number) ? number : -1;
                internal static bool Is(int number) => number == Number;
            }
            """;
}
