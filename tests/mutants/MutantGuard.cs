namespace RaftLog.Mutants;

/// <summary>The class that a changed project gets, which says whether a mutant is switched on in this process.</summary>
internal static class MutantGuard
{
    /// <summary>The environment variable with the mutant's number.</summary>
    public const string Variable = "RAFTLOG_MUTANT";

    /// <summary>The name of its file.</summary>
    public const string FileName = "MutantGuard.g.cs";

    /// <summary>Its source.</summary>
    public static string SourceOf(string name) =>
        $$"""
            internal static class {{name}}
            {
                private static readonly string On = System.Environment.GetEnvironmentVariable("{{Variable}}");
                private static readonly int Number = int.TryParse(On, out int number) ? number : -1;
                internal static bool Is(int number) => number == Number;
            }
            """;
}
