using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using RaftLog.Protocol.Generator;
using RaftLog.Protocol.Tests.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Generator;

public class MessageGeneratorTests
{
    private static readonly Lazy<Assembly> Samples = new(CompileSamples);

    [Theory]
    [InlineData("request Fetch versions 0-1 flexible none", 1, "expected a head")]
    [InlineData("request Fetch 1 versions 1-0 flexible none", 1, "versions '1-0'")]
    [InlineData("data Thing versions 0-1 flexible 1-2", 1, "flexible '1-2'")]
    [InlineData("data Thing versions 0-1 flexible none\nname string", 2, "expected a field")]
    [InlineData("data Thing versions 0-1 flexible none\nName text", 2, "unknown type 'text'")]
    [InlineData("data Thing versions 0-1 flexible none\nName string 1x", 2, "'1x' is neither")]
    [InlineData("data Thing versions 0-1 flexible none\n\nName string tag 0", 3, "not flexible")]
    [InlineData("data Thing versions 0-1 flexible 0+\nA string tag 0\nB string tag 0", 3, "same tag 0")]
    [InlineData("data Thing versions 0-1 flexible 0+\nA string tagged 1+", 2, "no 'tag N'")]
    [InlineData("data Thing versions 0-1 flexible none\nA int32?", 2, "cannot be null")]
    [InlineData("data Thing versions 0-1 flexible none\nA int8 default 128", 2, "no value of type int8")]
    [InlineData("data Thing versions 0-1 flexible none\nA bool default 1", 2, "no value of type bool")]
    [InlineData("data Thing versions 0-1 flexible none\nA string default null", 2, "nullable in no version")]
    [InlineData("data Thing versions 0-1 flexible none\nA int32 2+", 2, "none of the message's versions")]
    [InlineData("data Thing versions 0-1 flexible none\nA int32\nA int32", 3, "stands twice")]
    [InlineData("data Thing versions 0-1 flexible none\nA []Part", 2, "declared nowhere")]
    [InlineData("data Thing versions 0-1 flexible none\nA []Part\n  Part int32", 3, "name of its own structure")]
    [InlineData("data Thing versions 0-1 flexible none\nPart []Part\n  Index int32", 2, "name of a structure")]
    [InlineData("data Thing versions 0-1 flexible none\nA []Part\n  X int32\nB []Part\n  Y int32", 4, "declared twice")]
    [InlineData("data Thing versions 0-1 flexible none\nA []Part\n\nstruct Part\n  X []Part", 4, "contains itself")]
    [InlineData("data Thing versions 0-1 flexible none\nA int32\n  X int32", 2, "is no structure")]
    [InlineData("data Thing versions 0-1 flexible none\nA []Part\n    X int32", 2, "has no fields")]
    [InlineData("data Thing versions 0-1 flexible none\nMessageName string", 2, "every message has")]
    [InlineData("# Only a comment.", 1, "no head")]
    public void A_mistake_in_a_schema_is_named_with_its_line(string schema, int line, string meaning)
    {
        Diagnostic error = Assert.Single(Run(("bad.schema", schema)).Diagnostics.Take(1));
        Assert.Contains(meaning, error.GetMessage());
        Assert.Equal("bad.schema", error.Location.GetLineSpan().Path);
        Assert.Equal(line - 1, error.Location.GetLineSpan().StartLinePosition.Line);
    }

    [Theory]
    [InlineData("response Thing 7 versions 0-2 flexible none\nA int32", "differ in key, versions")]
    [InlineData("data Other versions 0-1 flexible none\nA int32", "has no response")]
    [InlineData("request Other 7 versions 0-1 flexible none\nA int32", "name or the key")]
    public void A_mistake_between_schemas_is_named(string second, string meaning)
    {
        string first = "request Thing 7 versions 0-1 flexible none\nA int32";
        Assert.Contains(Run(("a.schema", first), ("b.schema", second)).Diagnostics, error => error.GetMessage().Contains(meaning));
    }

    [Fact]
    public void Everything_that_the_schema_language_can_say_is_read_as_it_was_written()
    {
        foreach (string name in new[] { "Messages.SampleRequest", "Messages.SampleResponse", "Metadata.SampleRecord" })
        {
            Type type = Samples.Value.GetType("RaftLog.Protocol." + name)!;
            short lowest = (short)type.GetProperty("LowestVersion")!.GetValue(null)!;
            short highest = (short)type.GetProperty("HighestVersion")!.GetValue(null)!;
            for (short version = lowest; version <= highest; version++)
            {
                for (int seed = 0; seed < 100; seed++)
                {
                    RoundTrips(type, version, seed);
                }
            }
        }
    }

    [Fact]
    public void Fields_that_a_version_does_not_carry_have_their_defaults_after_reading()
    {
        Type type = Samples.Value.GetType("RaftLog.Protocol.Messages.SampleRequest")!;
        IMessage full = (IMessage)new RandomMessage(1).Fill(Activator.CreateInstance(type)!, withNulls: false);
        WireWriter writer = new();
        full.Write(writer, 2);
        IMessage read = (IMessage)Activator.CreateInstance(type)!;
        WireReader reader = new(writer.ToArray());
        read.Read(ref reader, 2);
        Assert.Equal(int.MaxValue, type.GetProperty("MaxBytes")!.GetValue(read));
        Assert.Null(type.GetProperty("ClusterId")!.GetValue(read));
        Assert.Null(type.GetProperty("Last")!.GetValue(read));
        Assert.Equal(type.GetProperty("ReplicaId")!.GetValue(full), type.GetProperty("ReplicaId")!.GetValue(read));
    }

    [Fact]
    public void Null_is_not_written_in_a_version_that_knows_no_null()
    {
        Type type = Samples.Value.GetType("RaftLog.Protocol.Messages.SampleRequest")!;
        IMessage message = (IMessage)Activator.CreateInstance(type)!;
        type.GetProperty("Name")!.SetValue(message, null);
        message.Write(new WireWriter(), 3);
        ProtocolException e = Assert.Throws<ProtocolException>(() => message.Write(new WireWriter(), 2));
        Assert.Contains("SampleRequest.Name", e.Message);
    }

    [Fact]
    public void A_version_that_a_message_does_not_have_is_rejected()
    {
        Type type = Samples.Value.GetType("RaftLog.Protocol.Messages.SampleRequest")!;
        IMessage message = (IMessage)Activator.CreateInstance(type)!;
        Assert.Throws<ProtocolException>(() => message.Write(new WireWriter(), 1));
        Assert.Throws<ProtocolException>(() =>
        {
            WireReader reader = new(new byte[100]);
            message.Read(ref reader, 7);
        });
    }

    [Fact]
    public void Unknown_tagged_fields_are_passed_over()
    {
        Type type = Samples.Value.GetType("RaftLog.Protocol.Messages.SampleResponse")!;
        IMessage message = (IMessage)Activator.CreateInstance(type)!;
        byte[] frame = [0, 0, 0, 5, 2, 3, 8, 0, 0, 0, 0, 0, 0, 0, 9, 77, 2, 1, 2];
        WireReader reader = new(frame);
        message.Read(ref reader, 6);
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(9L, type.GetProperty("Moved")!.GetValue(message));
    }

    [Fact]
    public void Comments_of_a_schema_become_documentation()
    {
        GeneratorDriverRunResult result = Run(
            ("a.schema", "# Says <what> & why.\ndata Thing versions 0-1 flexible none\nA int32 # A number.")
        );
        string source = result.GeneratedTrees.Single(tree => tree.FilePath.EndsWith("Thing.g.cs")).ToString();
        Assert.Contains("/// <summary>Says &lt;what&gt; &amp; why.</summary>", source);
        Assert.Contains("/// <summary>A number.</summary>", source);
    }

    private static void RoundTrips(Type type, short version, int seed)
    {
        IMessage message = (IMessage)new RandomMessage(seed).Fill(Activator.CreateInstance(type)!, withNulls: version >= 3);
        WireWriter first = new();
        message.Write(first, version);
        IMessage read = (IMessage)Activator.CreateInstance(type)!;
        WireReader reader = new(first.ToArray());
        read.Read(ref reader, version);
        WireWriter second = new();
        read.Write(second, version);
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(first.ToArray(), second.ToArray());
    }

    private static Assembly CompileSamples()
    {
        Assembly here = typeof(MessageGeneratorTests).Assembly;
        List<(string, string)> schemas = [];
        foreach (string name in here.GetManifestResourceNames().Where(name => name.StartsWith("Samples/", StringComparison.Ordinal)))
        {
            using StreamReader text = new(here.GetManifestResourceStream(name)!);
            schemas.Add((name, text.ReadToEnd()));
        }

        GeneratorDriverRunResult result = Run([.. schemas]);
        Assert.Empty(result.Diagnostics);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Samples",
            result.GeneratedTrees,
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
                .Split(Path.PathSeparator)
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, generalDiagnosticOption: ReportDiagnostic.Error)
        );
        using MemoryStream binary = new();
        Assert.Empty(compilation.Emit(binary).Diagnostics.Where(d => d.Id != "CS0436" && d.Severity == DiagnosticSeverity.Error));
        binary.Position = 0;
        return new AssemblyLoadContext("Samples").LoadFromStream(binary);
    }

    private static GeneratorDriverRunResult Run(params (string Path, string Text)[] schemas) =>
        CSharpGeneratorDriver
            .Create(new MessageGenerator())
            .AddAdditionalTexts(schemas.Select(AdditionalText (schema) => new SchemaText(schema.Path, schema.Text)).ToImmutableArray())
            .RunGenerators(CSharpCompilation.Create("Schemas"))
            .GetRunResult();

    private sealed class SchemaText(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text, Encoding.UTF8);
    }
}
