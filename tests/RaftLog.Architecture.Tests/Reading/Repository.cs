using System.Xml.Linq;

namespace RaftLog.Architecture.Tests;

/// <summary>The source tree that the tests were built from.</summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    /// <summary>Names of the projects under <c>src</c>, in order.</summary>
    internal static IReadOnlyList<string> Projects { get; } =
    [
        .. Directory
            .GetFiles(At("src"), "*.csproj", SearchOption.AllDirectories)
            .Select(Path.GetFileNameWithoutExtension)
            .Order(StringComparer.Ordinal)!,
    ];

    internal static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The projects that a project's file names, analyzers left out.</summary>
    internal static IReadOnlyList<string> ReferencesOf(string project) =>
        [
            .. XDocument
                .Load(At("src", project, $"{project}.csproj"))
                .Descendants("ProjectReference")
                .Where(reference => (string?)reference.Attribute("OutputItemType") != "Analyzer")
                .Select(reference => Path.GetFileNameWithoutExtension(((string)reference.Attribute("Include")!).Replace('\\', '/'))),
        ];

    /// <summary>The hand-written sources below a folder, as paths from the root.</summary>
    internal static IEnumerable<string> SourcesBelow(params string[] folder)
    {
        string path = At(folder);
        if (!Directory.Exists(path))
        {
            return [];
        }

        return Directory
            .EnumerateFiles(path, "*.*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
    }

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "RaftLog.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"no RaftLog.sln above {AppContext.BaseDirectory}");
    }
}
