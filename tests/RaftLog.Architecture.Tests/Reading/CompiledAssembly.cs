using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace RaftLog.Architecture.Tests;

/// <summary>What a compiled assembly says about itself: whom it references, what its code uses, what static state it has.</summary>
internal sealed class CompiledAssembly
{
    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value & 0xFFFF);

    private readonly MetadataReader _reader;
    private readonly PEReader _image;
    private readonly List<Use> _uses = [];
    private readonly List<OwnCall> _ownCalls = [];
    private readonly List<OwnText> _texts = [];
    private readonly List<string> _catches = [];
    private readonly List<StaticField> _staticFields = [];

    private CompiledAssembly(PEReader image)
    {
        _image = image;
        _reader = image.GetMetadataReader();
        Name = _reader.GetString(_reader.GetAssemblyDefinition().Name);
        References = [.. _reader.AssemblyReferences.Select(handle => _reader.GetString(_reader.GetAssemblyReference(handle).Name))];
        foreach (TypeDefinitionHandle type in _reader.TypeDefinitions)
        {
            ReadType(type);
        }
    }

    internal string Name { get; }

    /// <summary>The assemblies that its code names.</summary>
    internal IReadOnlyList<string> References { get; }

    /// <summary>Every use of another assembly's types and members, with its place.</summary>
    internal IReadOnlyList<Use> Uses => _uses;

    /// <summary>Every call of a method of its own.</summary>
    internal IReadOnlyList<OwnCall> OwnCalls => _ownCalls;

    /// <summary>Every text that stands in its code.</summary>
    internal IReadOnlyList<OwnText> Texts => _texts;

    /// <summary>The methods that catch exceptions.</summary>
    internal IReadOnlyList<string> Catches => _catches;

    /// <summary>The static fields that a person wrote; what the compiler caches is left out.</summary>
    internal IReadOnlyList<StaticField> StaticFields => _staticFields;

    /// <summary>Reads the compiled assembly of a project from beside the tests.</summary>
    internal static CompiledAssembly OfProject(string project)
    {
        string file = Path.Combine(AppContext.BaseDirectory, $"{(project == "RaftLog.Cli" ? "raftlog" : project)}.dll");
        Assert.True(
            File.Exists(file),
            $"{project} is not among the references of RaftLog.Architecture.Tests.csproj: add it, so that its rules are checked"
        );
        return Read(file);
    }

    internal static CompiledAssembly Read(string file)
    {
        using PEReader image = new(new MemoryStream(File.ReadAllBytes(file)));
        return new CompiledAssembly(image);
    }

    private static bool IsCompilerMade(string name) => name.Contains('<', StringComparison.Ordinal);

    private void ReadType(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        string name = new TypeNames().GetTypeFromDefinition(_reader, handle, 0);
        Note(name, type.BaseType);
        foreach (InterfaceImplementationHandle implemented in type.GetInterfaceImplementations())
        {
            Note(name, _reader.GetInterfaceImplementation(implemented).Interface);
        }

        foreach (FieldDefinitionHandle field in type.GetFields())
        {
            ReadField(name, _reader.GetFieldDefinition(field));
        }

        foreach (MethodDefinitionHandle method in type.GetMethods())
        {
            ReadMethod(name, _reader.GetMethodDefinition(method));
        }
    }

    private void ReadField(string owner, FieldDefinition field)
    {
        string name = _reader.GetString(field.Name);
        string type = field.DecodeSignature(Noting($"{owner}.{name}"), null);
        bool isConstant = field.Attributes.HasFlag(FieldAttributes.Literal);
        bool isProperty = name.EndsWith("k__BackingField", StringComparison.Ordinal);
        if (
            field.Attributes.HasFlag(FieldAttributes.Static)
            && !isConstant
            && !IsCompilerMade(owner)
            && (isProperty || !IsCompilerMade(name))
        )
        {
            _staticFields.Add(new StaticField($"{owner}.{name}", type, field.Attributes.HasFlag(FieldAttributes.InitOnly)));
        }
    }

    private void ReadMethod(string owner, MethodDefinition method)
    {
        string caller = $"{owner}.{_reader.GetString(method.Name)}";
        method.DecodeSignature(Noting(caller), null);
        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        MethodBodyBlock body = _image.GetMethodBody(method.RelativeVirtualAddress);
        if (body.ExceptionRegions.Any(region => region.Kind is ExceptionRegionKind.Catch or ExceptionRegionKind.Filter))
        {
            _catches.Add(caller);
        }

        if (!body.LocalSignature.IsNil)
        {
            _reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(Noting(caller), null);
        }

        ReadCode(caller, body.GetILReader());
    }

    private void ReadCode(string caller, BlobReader code)
    {
        while (code.RemainingBytes > 0)
        {
            int value = code.ReadByte();
            if (value == 0xFE)
            {
                value = (value << 8) | code.ReadByte();
            }

            switch (OpCodesByValue[value].OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    Note(caller, MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.InlineString:
                    _texts.Add(new OwnText(caller, _reader.GetUserString(MetadataTokens.UserStringHandle(code.ReadInt32() & 0xFFFFFF))));
                    break;
                case OperandType.InlineSwitch:
                    int cases = code.ReadInt32();
                    code.Offset += 4 * cases;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }
    }

    private void Note(string caller, EntityHandle used)
    {
        switch (used.Kind)
        {
            case HandleKind.TypeReference when !used.IsNil:
                Noting(caller).GetTypeFromReference(_reader, (TypeReferenceHandle)used, 0);
                break;
            case HandleKind.TypeSpecification:
                Noting(caller).GetTypeFromSpecification(_reader, null, (TypeSpecificationHandle)used, 0);
                break;
            case HandleKind.MethodSpecification:
                MethodSpecification method = _reader.GetMethodSpecification((MethodSpecificationHandle)used);
                method.DecodeSignature(Noting(caller), null);
                Note(caller, method.Method);
                break;
            case HandleKind.MethodDefinition:
                MethodDefinition own = _reader.GetMethodDefinition((MethodDefinitionHandle)used);
                string declaring = new TypeNames().GetTypeFromDefinition(_reader, own.GetDeclaringType(), 0);
                _ownCalls.Add(new OwnCall(caller, $"{declaring}.{_reader.GetString(own.Name)}"));
                break;
            case HandleKind.MemberReference:
                NoteMember(caller, _reader.GetMemberReference((MemberReferenceHandle)used));
                break;
        }
    }

    private void NoteMember(string caller, MemberReference member)
    {
        TypeNames plain = new();
        string? type = member.Parent.Kind switch
        {
            HandleKind.TypeReference => plain.GetTypeFromReference(_reader, (TypeReferenceHandle)member.Parent, 0),
            HandleKind.TypeSpecification => plain.GetTypeFromSpecification(_reader, null, (TypeSpecificationHandle)member.Parent, 0),
            _ => null,
        };
        if (type is not null)
        {
            IReadOnlyList<string> parameters =
                member.GetKind() == MemberReferenceKind.Method ? [.. member.DecodeMethodSignature(plain, null).ParameterTypes] : [];
            Note(caller, member.Parent);
            _uses.Add(new Use(caller, type, _reader.GetString(member.Name), parameters));
        }
    }

    private TypeNames Noting(string caller) => new(type => _uses.Add(new Use(caller, type, "", [])));
}
