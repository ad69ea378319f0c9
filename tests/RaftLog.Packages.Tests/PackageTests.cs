using System.IO.Compression;
using System.Reflection.Metadata;
using System.Runtime.InteropServices;
using System.Xml.Linq;

namespace RaftLog.Packages.Tests;

/// <summary>The packages as a user gets them: packed into a folder, and a program that knows nothing but that folder.</summary>
[Trait("Category", "Slow")]
public sealed class PackageTests : IDisposable
{
    private const string Version = "0.1.0-test";
    private const int MostCompiledOnFirstUse = 500;

    // What portable PDBs call these kinds of information.
    private static readonly Guid SourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    private static readonly string[] Shipped =
    [
        "RaftLog.Protocol",
        "RaftLog.Platform",
        "RaftLog.Storage",
        "RaftLog.Raft",
        "RaftLog.Replication",
        "RaftLog.Metadata",
        "RaftLog.Coordination",
        "RaftLog.Broker",
        "RaftLog.Client",
        "RaftLog.Client.Hosting",
        "RaftLog.Client.MessagePack",
        "RaftLog.Testing",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("raftlog-packages-").FullName;

    [Fact]
    public async Task A_program_that_has_only_the_packages_builds_and_runs()
    {
        await PackAsync();
        string commit = (await Command.RunAsync("git", ["-C", Repository.Root, "rev-parse", "HEAD"])).Succeeded().Output.Trim();
        foreach (string package in (string[])["RaftLog.Client", "RaftLog.Client.Hosting", "RaftLog.Client.MessagePack", "RaftLog.Testing"])
        {
            Inspect(package, commit);
        }

        string output = await RunTourAsync();

        Assert.Contains("customer-0 ordered 9", output, StringComparison.Ordinal);
        Assert.Contains("handled 10 in parallel", output, StringComparison.Ordinal);
        Assert.Contains("billed 10 orders in transactions", output, StringComparison.Ordinal);
        Assert.Contains("hosted: the orders add up to 45", output, StringComparison.Ordinal);
        await InspectCompiledAsync();
        await BuildAsync("Guide");
    }

    /// <summary>What the page shows stands word by word in a program that the other test builds.</summary>
    [Fact]
    public async Task Each_example_of_the_client_page_is_one_that_is_compiled()
    {
        string docs = Path.Combine(Repository.Root, "docs");
        string guide = WordsOf(await File.ReadAllTextAsync(Path.Combine(docs, "samples", "Guide", "Guide.cs")));
        string[] examples = (await File.ReadAllTextAsync(Path.Combine(docs, "client.md"))).Split("```csharp\n")[1..];
        Assert.NotEmpty(examples);
        Assert.All(
            examples,
            example =>
                Assert.Contains(WordsOf(example[..example.IndexOf("```", StringComparison.Ordinal)]), guide, StringComparison.Ordinal)
        );
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task PackAsync()
    {
        foreach (string project in Shipped)
        {
            string path = Path.Combine(Repository.Root, "src", project, $"{project}.csproj");
            (
                await Command.RunAsync(
                    "dotnet",
                    [
                        "pack",
                        path,
                        "-c",
                        "Release",
                        "--no-build",
                        "-o",
                        Feed,
                        $"-p:PackageVersion={Version}",
                        $"-p:Version={Version}",
                        "-v",
                        "q",
                        "-nologo",
                    ]
                )
            ).Succeeded();
        }
    }

    private void Inspect(string package, string commit)
    {
        using ZipArchive archive = ZipFile.OpenRead(Path.Combine(Feed, $"{package}.{Version}.nupkg"));
        List<string> names = [.. archive.Entries.Select(entry => entry.FullName)];
        Assert.Contains("README.md", names);
        Assert.Contains($"lib/net10.0/{package}.dll", names);
        Assert.Contains($"lib/net10.0/{package}.xml", names);
        Assert.Contains($"runtimes/linux-x64/lib/net10.0/{package}.dll", names);
        Assert.Contains("icon.png", names);
        InspectSymbols(package);
        using Stream stream = archive.GetEntry($"{package}.nuspec")!.Open();
        XElement metadata = XDocument.Load(stream).Root!.Elements().Single(each => each.Name.LocalName == "metadata");
        string Text(string name) => metadata.Elements().Single(each => each.Name.LocalName == name).Value;
        Assert.Equal("Apache-2.0", Text("license"));
        Assert.Equal("README.md", Text("readme"));
        Assert.Equal("icon.png", Text("icon"));
        Assert.NotEmpty(Text("tags"));
        XElement repository = metadata.Elements().Single(each => each.Name.LocalName == "repository");
        Assert.Equal(("git", commit), (repository.Attribute("type")?.Value, repository.Attribute("commit")?.Value));
        Assert.NotEqual(package, Text("description"));
        Assert.All(
            metadata.Descendants().Where(each => each.Name.LocalName == "dependency").Select(each => each.Attribute("id")!.Value),
            id =>
                Assert.True(
                    Shipped.Contains(id) || !id.StartsWith("RaftLog", StringComparison.Ordinal),
                    $"{package} needs {id}, which is not a package"
                )
        );
    }

    /// <summary>A debugger finds every source file: inside of the symbols, or where their SourceLink says.</summary>
    private void InspectSymbols(string package)
    {
        string path = Path.Combine(Feed, $"{package}.{Version}.snupkg");
        Assert.True(File.Exists(path), $"{package} has no symbols");
        using ZipArchive archive = ZipFile.OpenRead(path);
        using MemoryStream symbols = new();
        using (Stream entry = archive.GetEntry($"lib/net10.0/{package}.pdb")!.Open())
        {
            entry.CopyTo(symbols);
        }

        symbols.Position = 0;
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbStream(symbols);
        MetadataReader reader = provider.GetMetadataReader();
        HashSet<Guid> KindsOf(EntityHandle parent) =>
            [.. reader.GetCustomDebugInformation(parent).Select(each => reader.GetGuid(reader.GetCustomDebugInformation(each).Kind))];
        bool hasSourceLink = KindsOf(EntityHandle.ModuleDefinition).Contains(SourceLink);
        Assert.NotEmpty(reader.Documents);
        Assert.All(
            reader.Documents,
            document =>
                Assert.True(
                    hasSourceLink || KindsOf(document).Contains(EmbeddedSource),
                    $"{package}: nobody finds {reader.GetString(reader.GetDocument(document).Name)}"
                )
        );
    }

    /// <summary>The words alone: line breaks, and the commas that go with them, are the formatter's.</summary>
    private static string WordsOf(string code) => string.Concat(code.Where(each => !char.IsWhiteSpace(each))).Replace(",}", "}");

    private async Task<string> RunTourAsync()
    {
        Copy(Path.Combine(Repository.Root, "docs", "samples"), Samples);
        await BuildAsync("Tour");
        return (await Command.RunAsync("dotnet", [Tour])).Succeeded().Output;
    }

    /// <summary>
    /// A program that was not built for one kind of machine takes the precompiled images where there are some: of our methods, few are
    /// compiled on first use. Without images these are thousands, and an embedded broker takes twice as long to be ready.
    /// </summary>
    private async Task InspectCompiledAsync()
    {
        // Not the run above: a runtime that lists what it compiles may abort at the end of its process (free(): invalid pointer).
        Dictionary<string, string> environment = new() { ["DOTNET_JitStdOutFile"] = Compiled, ["DOTNET_JitDisasmSummary"] = "1" };
        await Command.RunAsync("dotnet", [Tour], environment: environment);
        string[] compiled = File.ReadAllLines(Compiled);
        Assert.NotEmpty(compiled);
        if (OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64)
        {
            int ours = compiled.Count(line =>
                line.Contains("JIT compiled RaftLog.", StringComparison.Ordinal) && line.Contains("[Tier0", StringComparison.Ordinal)
            );
            Assert.InRange(ours, 0, MostCompiledOnFirstUse);
        }
    }

    private async Task BuildAsync(string sample)
    {
        Dictionary<string, string> environment = new() { ["NUGET_PACKAGES"] = Path.Combine(_folder, "cache") };
        string fallback =
            Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        (
            await Command.RunAsync(
                "dotnet",
                [
                    "build",
                    Path.Combine(Samples, sample),
                    "-c",
                    "Release",
                    "-v",
                    "q",
                    "-nologo",
                    $"-p:RaftLogVersion={Version}",
                    $"-p:RestoreAdditionalProjectSources={Feed}",
                    $"-p:RestoreFallbackFolders={fallback}",
                    "-p:NuGetAudit=false",
                ],
                environment: environment,
                patience: TimeSpan.FromMinutes(5)
            )
        ).Succeeded();
    }

    private string Samples => Path.Combine(_folder, "samples");

    private string Tour => Path.Combine(Samples, "Tour", "bin", "Release", "net10.0", "Tour.dll");

    private string Compiled => Path.Combine(_folder, "compiled.txt");

    private string Feed => Path.Combine(_folder, "feed");

    private static void Copy(string source, string target)
    {
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(source, file);
            if (!relative.Contains("/bin/", StringComparison.Ordinal) && !relative.Contains("/obj/", StringComparison.Ordinal))
            {
                string copy = Path.Combine(target, relative);
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }
    }
}
