using System.Text.RegularExpressions;

namespace RaftLog.Mutants;

/// <summary>
/// A git worktree in which all mutants are compiled at once, each behind a guard, so that one build serves them all and a mutant is chosen
/// by an environment variable.
/// </summary>
internal sealed partial class Workbench(string top, string root, CancellationToken stop) : IAsyncDisposable
{
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(20);
    private static readonly string[] Loosely =
    [
        "-c",
        "Release",
        "-v",
        "quiet",
        "-nologo",
        "-p:RunAnalyzers=false",
        "-p:TreatWarningsAsErrors=false",
        "-p:EnforceCodeStyleInBuild=false",
    ];

    /// <summary>Where it lies.</summary>
    public string Root => root;

    /// <summary>Makes one from the commit that is checked out.</summary>
    public static async Task<Workbench> CreateAsync(string top, CancellationToken stop)
    {
        string root = Path.Combine(Directory.CreateTempSubdirectory("raftlog-mutants-").FullName, "tree");
        await RequireAsync(top, ["git", "worktree", "add", "--quiet", "--detach", root, "HEAD"], stop);
        return new Workbench(top, root, stop);
    }

    /// <summary>
    /// Compiles those of these mutants that can be compiled, and the tests of their rooms. A mutant that the compiler rejects leaves, with
    /// those that stand in the same member.
    /// </summary>
    /// <param name="drawn">The places in the order in which they were drawn; the index is the mutant's number.</param>
    /// <returns>The numbers of the mutants that are compiled.</returns>
    public async Task<IReadOnlySet<int>> BuildAsync(IReadOnlyList<Place> drawn)
    {
        SortedSet<int> left = [.. Enumerable.Range(0, drawn.Count)];
        Room[] rooms = [.. Room.All.Where(room => drawn.Any(place => place.Room == room.Name))];
        foreach (Room room in rooms)
        {
            File.WriteAllText(Path.Combine(root, room.Project, MutantGuard.FileName), MutantGuard.SourceIn(room));
        }

        string[] projects =
        [
            .. rooms.Select(room => room.Project).Distinct(),
            "src/RaftLog.Cli",
            .. rooms.Select(room => $"tests/{room.Tests}").Distinct(),
        ];
        WriteFiles(drawn, left);
        foreach (string project in projects)
        {
            Console.Error.WriteLine($"building {project} with {left.Count} mutants");
            while (await RejectedInAsync(project, rooms) is { } rejected)
            {
                left.ExceptWith(rejected);
                WriteFiles(drawn, left);
            }
        }

        return left;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await ChildProcess.RunAsync(top, BuildLimit, null, ["git", "worktree", "remove", "--force", root], CancellationToken.None);
        Directory.Delete(Path.GetDirectoryName(root)!, recursive: true);
    }

    /// <summary>Compiles a project. The mutants that the compiler rejects; null when it accepts all.</summary>
    private async Task<int[]?> RejectedInAsync(string project, Room[] rooms)
    {
        (int? code, string said) = await ChildProcess.RunAsync(root, BuildLimit, null, ["dotnet", "build", project, .. Loosely], stop);
        if (code == 0)
        {
            return null;
        }

        int[] rejected = [.. Rejected(said, rooms).Distinct()];
        if (rejected.Length == 0)
        {
            throw new InvalidOperationException($"{project} cannot be built, and no mutant is why:\n{said}");
        }

        Console.Error.WriteLine($"{rejected.Length} mutants do not compile");
        return rejected;
    }

    private static async Task RequireAsync(string folder, string[] words, CancellationToken stop)
    {
        (int? code, string said) = await ChildProcess.RunAsync(folder, BuildLimit, null, words, stop);
        if (code != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', words)} failed:\n{said}");
        }
    }

    [GeneratedRegex(@"^\s*(?<file>[^(\n]+\.cs)\((?<line>\d+),\d+\): error", RegexOptions.Multiline)]
    private static partial Regex CompilerErrors();

    private void WriteFiles(IReadOnlyList<Place> drawn, IReadOnlySet<int> left)
    {
        foreach (IGrouping<string, int> file in Enumerable.Range(0, drawn.Count).GroupBy(number => drawn[number].File))
        {
            Room room = Room.All.First(each => each.Name == drawn[file.First()].Room);
            SourceFile source = new(room, file.Key, File.ReadAllText(Path.Combine(top, file.Key)));
            string changed = source.WithMutants(file.Where(left.Contains).ToDictionary(number => drawn[number]));
            string path = Path.Combine(root, file.Key);
            if (File.ReadAllText(path) != changed)
            {
                File.WriteAllText(path, changed);
            }
        }
    }

    private IEnumerable<int> Rejected(string said, Room[] rooms)
    {
        foreach (Match error in CompilerErrors().Matches(said))
        {
            string path = Path.GetRelativePath(root, error.Groups["file"].Value).Replace('\\', '/');
            Room? room = rooms.FirstOrDefault(each => path.StartsWith(each.Folder + "/", StringComparison.Ordinal));
            if (room is not null)
            {
                string changed = File.ReadAllText(Path.Combine(root, path));
                foreach (int number in new SourceFile(room, path, "").Within(changed, int.Parse(error.Groups["line"].Value)))
                {
                    yield return number;
                }
            }
        }
    }
}
