namespace RaftLog.Architecture.Tests;

/// <summary>The rules of ARCHITECTURE §2 and §4, held against the compiled assemblies and the project files.</summary>
public sealed class RoomTests
{
    [Fact]
    public void Every_project_has_a_place_in_the_plan() =>
        AssertNone(Repository.Projects.Where(project => Rooms.Find(project) is null).Select(project => $"{project} is not in Rooms.cs"));

    [Fact]
    public void Projects_reference_lower_layers_only() =>
        AssertNone(
            Repository.Projects.SelectMany(project =>
                Repository.ReferencesOf(project).Select(reference => Rooms.WhyNot(project, reference))
            )
        );

    [Fact]
    public void Compiled_assemblies_reference_lower_layers_only() =>
        AssertNone(
            Shipped()
                .SelectMany(project =>
                    CompiledAssembly
                        .OfProject(project)
                        .References.Where(reference => reference.StartsWith("RaftLog.", StringComparison.Ordinal))
                        .Select(reference => Rooms.WhyNot(project, reference))
                )
        );

    [Fact]
    public void No_room_uses_what_is_banned_in_it() =>
        AssertNone(
            Shipped()
                .SelectMany(project =>
                    Ban.Violations(CompiledAssembly.OfProject(project).Uses, Rooms.BansFor(Rooms.Find(project)!.Kind))
                        .Select(violation => $"{project}: {violation}")
                )
        );

    [Fact]
    public void Pure_rooms_catch_nothing() =>
        AssertNone(
            Shipped()
                .Where(project => Rooms.Find(project)!.Kind == RoomKind.Pure)
                .SelectMany(project => CompiledAssembly.OfProject(project).Catches)
                .Select(caller => $"{caller} catches an exception: in a pure room a failure is a result")
        );

    [Fact]
    public void No_static_state_above_platform() =>
        AssertNone(
            Shipped()
                .Where(project => Rooms.Find(project)!.Layer > Rooms.Find("RaftLog.Platform")!.Layer)
                .SelectMany(project => StaticState.Violations(CompiledAssembly.OfProject(project).StaticFields))
        );

    internal static void AssertNone(IEnumerable<string?> violations)
    {
        List<string> found = [.. violations.OfType<string>()];
        Assert.True(found.Count == 0, $"{found.Count} violations:\n{string.Join('\n', found)}");
    }

    private static IEnumerable<string> Shipped() =>
        Repository.Projects.Where(project => Rooms.Find(project) is { Kind: not RoomKind.CompileTime });
}
