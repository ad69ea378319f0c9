using System.Reflection;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>What README tells a person to type does what README says: its blocks are run as they stand, on other ports.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class ReadmeTests : IDisposable
{
    /// <summary>What the SDK adds to a new console program.</summary>
    private const string ImplicitUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using "
        + "System.Net.Http; "
        + "global using System.Threading; global using System.Threading.Tasks;";

    private readonly string _readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
    private readonly string _directory = Directory.CreateTempSubdirectory("raftlog-readme-").FullName;
    private readonly Dictionary<string, string> _ports = [];

    public ReadmeTests()
    {
        // The cluster of README on ports that are free here, and the command on PATH instead of an alias, which scripts do not have.
        string cluster = File.ReadAllText(Path.Combine(Repository.Root, "cluster.json"));
        foreach (Match port in Port().Matches(cluster))
        {
            _ports.TryAdd(port.Value, $":{FreePorts.Take()}");
        }

        File.WriteAllText(Path.Combine(_directory, "cluster.json"), OnOwnPorts(cluster));
        string program = Path.Combine(_directory, "raftlog");
        File.WriteAllText(
            program,
            $"""
            #!/bin/bash
            case $1 in
              topic|produce|consume|group|transaction|quorum|cluster) exec {Repository.RaftLog} "$@" --bootstrap-server {Server} ;;
              *) exec {Repository.RaftLog} "$@" ;;
            esac

            """
        );
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private string Server => OnOwnPorts("127.0.0.1:9092");

    [KcatFact]
    public async Task The_tour_runs_as_it_stands_and_the_program_that_up_prints_is_the_one_in_README()
    {
        using Command up = Start("exec raftlog up");
        await Poll.UntilAsync("up says how to connect", () => up.Said.Contains("Ctrl-C", StringComparison.Ordinal) || up.HasEnded);

        CommandResult tour = (await RunAsync(Block("raftlog topic create"))).Succeeded();
        Assert.Equal(5, tour.Lines.Count(line => line.StartsWith("{\"topic\":\"orders\"", StringComparison.Ordinal)));
        tour.Saying("orders").Saying("LEADER");

        CommandResult group = (await RunAsync(Block("raftlog group describe"))).Succeeded();
        group.Saying("billing").Saying("orders");

        (await RunAsync(Block("kcat -b 127.0.0.1:9092 -P"))).Succeeded().Saying("ada => first programmer");

        string program = AsOne(Block("ProduceResult written", "csharp"), Block("BeginTransaction", "csharp"));
        Assert.Matches("^partition 0, offset [0-9]+\n$", await RunProgramAsync(OnOwnPorts(program)));
        Assert.Contains(
            $".NET      {OnOwnPorts(program).Split('\n').Single(line => line.StartsWith("using KafkaCluster", StringComparison.Ordinal))}",
            up.Said,
            StringComparison.Ordinal
        );

        up.Send(Signal.Terminate);
        (await up.EndAsync()).Succeeded();
        CommandResult broken = await RunAsync(
            Block("kill -9")
                + """

                trap 'kill ${pids[1]} ${pids[2]}' EXIT
                wait $! || exit 1
                kcat -b 127.0.0.1:9092,127.0.0.1:9094 -C -t orders -e -q | sort -n | uniq | wc -l
                kcat -b 127.0.0.1:9092,127.0.0.1:9094 -C -t orders -e -q | wc -l
                """
        );
        // A million lines, the thousand that the tour has written before, and the one of the transaction.
        Assert.Equal(["1000000", "1001001"], broken.Succeeded().Lines.Where(line => line.StartsWith("100", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_commands_that_build_name_what_is_there()
    {
        Assert.Contains("--project src/RaftLog.Cli -- up", _readme, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Repository.Root, "src/RaftLog.Cli/RaftLog.Cli.csproj")));
        Assert.Contains("dotnet test RaftLog.sln", _readme, StringComparison.Ordinal);
        Assert.Contains("bin/Release/net10.0/raftlog", _readme, StringComparison.Ordinal);
        foreach (Match link in Link().Matches(_readme))
        {
            Assert.True(
                Path.Exists(Path.Combine(Repository.Root, link.Groups[1].Value)),
                $"README points at {link.Groups[1].Value}, which is not there"
            );
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string OnOwnPorts(string text) => Port().Replace(text, port => _ports.GetValueOrDefault(port.Value, port.Value));

    private string Block(string with, string language = "") =>
        Fence()
            .Matches(_readme)
            .Where(match => match.Groups[1].Value == language && match.Groups[2].Value.Contains(with, StringComparison.Ordinal))
            .Select(match =>
                string.Join('\n', match.Groups[2].Value.Split('\n').Where(line => !line.StartsWith("alias ", StringComparison.Ordinal)))
            )
            .Single();

    /// <summary>Pieces of one program, each with the namespaces that it is the first to use.</summary>
    private static string AsOne(params string[] pieces)
    {
        string[] lines = [.. pieces.SelectMany(piece => piece.Split('\n'))];
        return string.Join('\n', [.. lines.Where(IsDirective), .. lines.Where(line => !IsDirective(line))]);

        static bool IsDirective(string line) => Directive().IsMatch(line);
    }

    private Task<CommandResult> RunAsync(string script) => Start(script).EndAsync(TimeSpan.FromMinutes(4));

    private Command Start(string script)
    {
        string text = $"cd {_directory}; export PATH={_directory}:$PATH\n{OnOwnPorts(script)}";
        return Command.Start("/bin/bash", ["-c", text]);
    }

    private static async Task<string> RunProgramAsync(string program)
    {
        IEnumerable<MetadataReference> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path));
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Snippet",
            [CSharpSyntaxTree.ParseText(ImplicitUsings), CSharpSyntaxTree.ParseText(program)],
            references,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication)
        );
        using MemoryStream image = new();
        Assert.Empty(compilation.Emit(image).Diagnostics.Where(each => each.Severity >= DiagnosticSeverity.Warning));
        MethodInfo entry = Assembly.Load(image.ToArray()).EntryPoint!;
        TextWriter before = Console.Out;
        using StringWriter printed = new();
        Console.SetOut(printed);
        try
        {
            await Task.Run(() => entry.Invoke(null, [Array.Empty<string>()]));
        }
        finally
        {
            Console.SetOut(before);
        }

        return printed.ToString();
    }

    [GeneratedRegex(":909[0-9]")]
    private static partial Regex Port();

    [GeneratedRegex("^```([a-z]*)\\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex("^using [A-Za-z.]+;")]
    private static partial Regex Directive();

    [GeneratedRegex("\\]\\(([^)#:]+)\\)")]
    private static partial Regex Link();
}
